import { Buffer } from "node:buffer"
import { createHash, createPrivateKey, createPublicKey, hash, sign, verify } from "node:crypto"
import type { Ed25519Signer, Ed25519Verifier } from "./primitives.ts"

// RFC 8410 section 7 (PKCS #8) and section 4 (SubjectPublicKeyInfo): the DER prefix of the 32 bytes of an Ed25519 key.
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex")
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex")

export function sha256(first: Uint8Array, rest: readonly Uint8Array[]): Uint8Array {
  if (rest.length === 0) return oneShot(first)
  const state = createHash("sha256").update(first)
  for (const part of rest) state.update(part)
  return plain(state.digest())
}

export const sha256OfText = (text: string): Uint8Array => oneShot(text)

/** Asks for the digest as a string: allocating a Buffer for it would cost more than the hash. */
function oneShot(data: Uint8Array | string): Uint8Array {
  const characters = hash("sha256", data, "binary")
  const digest = new Uint8Array(characters.length)
  for (let i = 0; i < digest.length; i++) digest[i] = characters.charCodeAt(i)
  return digest
}

export function importSigner(seed: Uint8Array): Ed25519Signer {
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" })
  der.fill(0)
  const publicKey = plain(
    createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length),
  )
  return { publicKey, sign: (message) => plain(sign(null, message, privateKey)) }
}

export function importVerifier(publicKey: Uint8Array): Ed25519Verifier {
  // Parsed once for each key. As PEM text: with an options object, Node tries other key types first, which takes three
  // times as long.
  const der = Buffer.concat([SPKI_PREFIX, publicKey])
  const key = createPublicKey(`-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`)
  return (message, signature) => verify(null, message, key, signature)
}

// A copy, because small Buffers share a pool, and their `slice` and `toString` differ from those of a Uint8Array.
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
