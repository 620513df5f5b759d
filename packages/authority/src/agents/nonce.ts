import { hash, timingSafeEqual } from "node:crypto"
import { decodeHex } from "@agentwrit/core"
import { BLOCK_BYTES, hmacPads } from "../keys/hmac-pads.ts"
import { uniqueHex } from "../unique-hex.ts"
import { rejectRegistration } from "./reject-registration.ts"

/** Seconds for which a nonce may be used (CONTRACT 2). */
export const NONCE_TTL = 30

const EXPIRY_BYTES = 6
const RANDOM_BYTES = 10
const UNSIGNED_BYTES = EXPIRY_BYTES + RANDOM_BYTES
const HASH_BYTES = 32
const UNSIGNED_CHARACTERS = 2 * UNSIGNED_BYTES
const NONCE_TEXT = /^[0-9a-f]{64}$/

/** A nonce that was made with our key and has not expired. Only the commit can tell whether it was used before. */
export interface GenuineNonce {
  readonly bytes: Uint8Array
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
}

/**
 * Makes and verifies nonces without storing them, so that a flood of challenges allocates nothing. A nonce is 6 bytes
 * of expiry and 10 random bytes, followed by the first 16 bytes of their HMAC-SHA256.
 */
export class Nonces {
  /** The two messages of an HMAC: its pad, and room for what follows. */
  readonly #inner: Buffer
  readonly #outer: Buffer

  /** @param key secret bytes. Every broker needs the same, also after a restart or a new signing key. */
  constructor(key: Uint8Array) {
    const { inner, outer } = hmacPads(key)
    this.#inner = Buffer.concat([inner, new Uint8Array(UNSIGNED_BYTES)])
    this.#outer = Buffer.concat([outer, new Uint8Array(HASH_BYTES)])
  }

  /** A new nonce, as 64 lower-case hex characters. */
  issue(now: number): string {
    const expiry = Math.floor(now + NONCE_TTL * 1000)
      .toString(16)
      .padStart(2 * EXPIRY_BYTES, "0")
    const unsigned = expiry + uniqueHex(RANDOM_BYTES)
    return unsigned + this.#tag(unsigned)
  }

  /** @throws `Refusal` `unauthorized` for any nonce that is not genuine or has expired. */
  verify(nonce: string, now: number): GenuineNonce {
    if (!NONCE_TEXT.test(nonce)) throw rejectRegistration("nonce is not 64 lower-case hex characters")
    const unsigned = nonce.slice(0, UNSIGNED_CHARACTERS)
    const tag = nonce.slice(UNSIGNED_CHARACTERS)
    if (!timingSafeEqual(Buffer.from(this.#tag(unsigned)), Buffer.from(tag)))
      throw rejectRegistration("nonce was not made by this broker")
    const expiresAt = Number.parseInt(nonce.slice(0, 2 * EXPIRY_BYTES), 16)
    if (now >= expiresAt) throw rejectRegistration(`nonce expired ${Math.floor((now - expiresAt) / 1000)} s ago`)
    // After the clock was stepped back, a nonce must not live longer than from its issue.
    if (expiresAt > now + NONCE_TTL * 1000) throw rejectRegistration("nonce is from the future")
    return { bytes: decodeHex(nonce), expiresAt }
  }

  #tag(unsigned: string): string {
    // Two hashes take half the time of a createHmac, which was the largest part of a challenge.
    this.#inner.write(unsigned, BLOCK_BYTES, "hex")
    this.#outer.write(hash("sha256", this.#inner, "hex"), BLOCK_BYTES, "hex")
    return hash("sha256", this.#outer, "hex").slice(0, UNSIGNED_CHARACTERS)
  }
}
