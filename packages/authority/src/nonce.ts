import { timingSafeEqual } from "node:crypto"
import { decodeHex, encodeHex, encodeUtf8, type SigningKey } from "@agentwrit/core"
import { hmacSha256 } from "./hmac.ts"
import { uniqueBytes } from "./unique-bytes.ts"

/** Seconds for which a nonce may be used (CONTRACT 2). */
export const NONCE_TTL = 30

const UNSIGNED_BYTES = 16
const NONCE_TEXT = /^[0-9a-f]{64}$/

/** A nonce that this broker made and that has not run out. Whether it was used already only the commit can tell. */
export interface GenuineNonce {
  readonly bytes: Uint8Array
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
}

/**
 * Makes and recognises nonces without storing any, so that a flood of challenges allocates nothing: 6 bytes of expiry and
 * 10 random bytes, followed by 16 bytes of their HMAC-SHA256 under a key that only this broker can derive.
 */
export class NonceMint {
  readonly #mac: (bytes: Uint8Array) => Uint8Array

  constructor(signingKey: SigningKey) {
    // An Ed25519 signature over a fixed text is deterministic and, never being published, as secret as the key itself.
    this.#mac = hmacSha256(signingKey.sign(encodeUtf8("agentwrit-nonce-key-v1")))
  }

  /** A new nonce, as 64 lower-case hex characters. */
  issue(now: number): string {
    const bytes = new Uint8Array(uniqueBytes(32))
    const expiresAt = now + NONCE_TTL * 1000
    const view = new DataView(bytes.buffer)
    view.setUint16(0, expiresAt / 2 ** 32)
    // Takes the low 32 bits.
    view.setUint32(2, expiresAt)
    bytes.set(this.#tag(bytes), UNSIGNED_BYTES)
    return encodeHex(bytes)
  }

  /** The nonce behind that text, or why it is refused. */
  recognise(text: string, now: number): GenuineNonce | { readonly fault: string } {
    if (!NONCE_TEXT.test(text)) return { fault: "nonce is not 64 lower-case hex characters" }
    const bytes = decodeHex(text)
    if (!timingSafeEqual(this.#tag(bytes), bytes.subarray(UNSIGNED_BYTES)))
      return { fault: "nonce was not made by this broker" }
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const expiresAt = view.getUint16(0) * 2 ** 32 + view.getUint32(2)
    if (now >= expiresAt) return { fault: `nonce expired ${Math.floor((now - expiresAt) / 1000)} s ago` }
    // A clock that was stepped back must not give a nonce a second life longer than the first.
    if (expiresAt > now + NONCE_TTL * 1000) return { fault: "nonce lies ahead of the clock" }
    return { bytes, expiresAt }
  }

  #tag(bytes: Uint8Array): Uint8Array {
    return this.#mac(bytes.subarray(0, UNSIGNED_BYTES)).subarray(0, UNSIGNED_BYTES)
  }
}
