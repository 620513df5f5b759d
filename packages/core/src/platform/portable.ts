import { getPublicKey, hashes, Point, sign } from "@noble/ed25519"
import { sha256 as nobleSha256, sha512 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import type { Ed25519Signer, Ed25519Verifier } from "./primitives.ts"

const GROUP_ORDER = Point.CURVE().n

// The synchronous functions of noble need a SHA-512 implementation.
hashes.sha512 = sha512

export function sha256(first: Uint8Array, rest: readonly Uint8Array[]): Uint8Array {
  if (rest.length === 0) return nobleSha256(first)
  const state = nobleSha256.create().update(first)
  for (const part of rest) state.update(part)
  return state.digest()
}

export function sha256OfText(text: string): Uint8Array {
  return nobleSha256(new TextEncoder().encode(text))
}

export function importSigner(seed: Uint8Array): Ed25519Signer {
  const secret = Uint8Array.from(seed)
  return { publicKey: getPublicKey(secret), sign: (message) => sign(message, secret) }
}

/**
 * noble's own `verify` multiplies by the cofactor, with and without `zip215`, and so accepts signatures that OpenSSL
 * refuses. Like OpenSSL, this computes [S]B − [k]A and compares its encoding with the bytes of R.
 */
export function importVerifier(publicKey: Uint8Array): Ed25519Verifier {
  const negated = negatedPoint(publicKey)
  if (negated === undefined) return () => false
  return (message, signature) => {
    const r = signature.subarray(0, 32)
    const s = littleEndian(signature.subarray(32, 64))
    const k = littleEndian(sha512.create().update(r).update(publicKey).update(message).digest()) % GROUP_ORDER
    const expected = Point.BASE.multiply(s, false).add(negated.multiply(k, false)).toBytes()
    return expected.every((byte, i) => byte === r[i])
  }
}

function negatedPoint(publicKey: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(publicKey).negate()
  } catch {
    return undefined
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes.toReversed())}`)
}
