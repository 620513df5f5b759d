import { timingSafeEqual } from "node:crypto"
import { decodeHex, encodeUtf8, type SigningKey } from "@agentwrit/core"
import { hmacSha256 } from "./hmac.ts"
import { uniqueHex } from "./unique-hex.ts"

/** Seconds for which a nonce may be used (CONTRACT 2). */
export const NONCE_TTL = 30

const EXPIRY_BYTES = 6
const RANDOM_BYTES = 10
const UNSIGNED_BYTES = EXPIRY_BYTES + RANDOM_BYTES
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
  readonly #mac: (unsigned: string) => string

  constructor(signingKey: SigningKey) {
    // An Ed25519 signature over a fixed text is deterministic and, never being published, as secret as the key itself.
    this.#mac = hmacSha256(signingKey.sign(encodeUtf8("agentwrit-nonce-key-v1")), UNSIGNED_BYTES)
  }

  /** A new nonce, as 64 lower-case hex characters. */
  issue(now: number): string {
    const expiry = Math.floor(now + NONCE_TTL * 1000)
      .toString(16)
      .padStart(2 * EXPIRY_BYTES, "0")
    const unsigned = expiry + uniqueHex(RANDOM_BYTES)
    return unsigned + this.#tag(unsigned)
  }

  /** The nonce behind that text, or why it is refused. */
  recognise(text: string, now: number): GenuineNonce | { readonly fault: string } {
    if (!NONCE_TEXT.test(text)) return { fault: "nonce is not 64 lower-case hex characters" }
    const unsigned = text.slice(0, 2 * UNSIGNED_BYTES)
    if (!timingSafeEqual(Buffer.from(this.#tag(unsigned)), Buffer.from(text.slice(2 * UNSIGNED_BYTES))))
      return { fault: "nonce was not made by this broker" }
    const expiresAt = Number.parseInt(text.slice(0, 2 * EXPIRY_BYTES), 16)
    if (now >= expiresAt) return { fault: `nonce expired ${Math.floor((now - expiresAt) / 1000)} s ago` }
    // A clock that was stepped back must not give a nonce a second life longer than the first.
    if (expiresAt > now + NONCE_TTL * 1000) return { fault: "nonce lies ahead of the clock" }
    return { bytes: decodeHex(text), expiresAt }
  }

  #tag(unsigned: string): string {
    return this.#mac(unsigned).slice(0, 2 * UNSIGNED_BYTES)
  }
}
