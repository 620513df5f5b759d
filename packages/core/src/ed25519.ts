import { importSigner, importVerifier } from "#platform"
import { isAcceptableSignature, publicKeyFault } from "./ed25519-bounds.ts"
import { KeyError } from "./errors.ts"
import { keyIdOf } from "./key-id.ts"
import type { Ed25519Signer, Ed25519Verifier } from "./platform/primitives.ts"

/** A public Ed25519 key. */
export interface VerifyingKey {
  /** 32 bytes (RFC 8032 section 5.1.5), a new copy at each access. */
  readonly publicKey: Uint8Array
  /** RFC 7638 thumbprint: the `kid` of tokens that it signs. */
  readonly keyId: string
  /**
   * Whether `signature` is this key's over `message`, by the strict, cofactorless rules of RFC 8032 that OpenSSL
   * applies (CONTRACT 2). Never throws for bytes of any length.
   */
  verify(message: Uint8Array, signature: Uint8Array): boolean
}

/** A private Ed25519 key. Its seed cannot be read back. */
export interface SigningKey extends VerifyingKey {
  /** @returns 64 bytes, the same for the same message (RFC 8032 section 5.1.6). */
  sign(message: Uint8Array): Uint8Array
}

/**
 * The signing key of a seed. Parsing it costs time, so keep it and sign with it many times.
 * @param seed 32 random bytes, the private key of RFC 8032 section 5.1.5. It is copied, so the caller may overwrite its
 * own.
 * @throws `TypeError` when the seed is not 32 bytes.
 * @example const key = createSigningKey(crypto.getRandomValues(new Uint8Array(32)))
 */
export function createSigningKey(seed: Uint8Array): SigningKey {
  if (!ArrayBuffer.isView(seed) || seed.length !== 32)
    throw new TypeError("an Ed25519 seed must be a Uint8Array of 32 bytes")
  return new Ed25519SigningKey(importSigner(seed))
}

/**
 * The verifying key of a public key's bytes.
 * @param publicKey 32 bytes. Bytes that do not encode a point of the curve are accepted and verify nothing.
 * @throws {@link KeyError} `invalid_public_key` when it is not 32 bytes, not in canonical form, or a point of small
 * order (an all-zero key is one).
 */
export function createVerifyingKey(publicKey: Uint8Array): VerifyingKey {
  const fault = ArrayBuffer.isView(publicKey) ? publicKeyFault(publicKey) : "is not a Uint8Array"
  if (fault !== undefined) throw new KeyError("invalid_public_key", `Ed25519 public key ${fault}`)
  return new Ed25519VerifyingKey(publicKey)
}

class Ed25519VerifyingKey implements VerifyingKey {
  #keyId: string | undefined
  readonly #publicKey: Uint8Array
  readonly #verifier: Ed25519Verifier

  constructor(publicKey: Uint8Array) {
    this.#publicKey = Uint8Array.from(publicKey)
    this.#verifier = importVerifier(this.#publicKey)
  }

  /** Computed at its first use: a key that only proves itself at a registration does not need it. */
  get keyId(): string {
    this.#keyId ??= keyIdOf(this.#publicKey)
    return this.#keyId
  }

  get publicKey(): Uint8Array {
    return this.#publicKey.slice()
  }

  verify(message: Uint8Array, signature: Uint8Array): boolean {
    return isAcceptableSignature(signature) && this.#verifier(message, signature)
  }
}

class Ed25519SigningKey extends Ed25519VerifyingKey implements SigningKey {
  // A private field: printing, inspecting or serializing the key does not show it.
  readonly #signer: Ed25519Signer

  constructor(signer: Ed25519Signer) {
    super(signer.publicKey)
    this.#signer = signer
  }

  sign(message: Uint8Array): Uint8Array {
    return this.#signer.sign(message)
  }
}
