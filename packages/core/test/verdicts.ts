import type { createVerifyingKey } from "../src/ed25519.ts"
import type { isAcceptableSignature, publicKeyFault } from "../src/ed25519-bounds.ts"
import type { PlatformPrimitives } from "../src/platform/primitives.ts"

/** What decides about a signature: modules of the source, or those of the built package. */
export interface Judges {
  readonly bounds: {
    readonly publicKeyFault: typeof publicKeyFault
    readonly isAcceptableSignature: typeof isAcceptableSignature
  }
  readonly native: PlatformPrimitives
  readonly portable: PlatformPrimitives
  readonly createVerifyingKey: typeof createVerifyingKey
}

/** Whether a signature is valid: for the native and the portable implementation, and for the package itself. */
export function verdictsOf(
  { bounds, native, portable, createVerifyingKey }: Judges,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean[] {
  const isGoodKey = bounds.publicKeyFault(publicKey) === undefined
  const isGoodForm = isGoodKey && bounds.isAcceptableSignature(signature)
  return [
    ...[native, portable].map((platform) => isGoodForm && platform.importVerifier(publicKey)(message, signature)),
    isGoodKey && createVerifyingKey(publicKey).verify(message, signature),
  ]
}
