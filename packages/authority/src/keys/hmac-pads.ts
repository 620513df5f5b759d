import { hash } from "node:crypto"

/** Of SHA-256. */
export const BLOCK_BYTES: number = 64

/** The key of an HMAC-SHA256, padded to a block for each of its two hashes (RFC 2104). */
export interface HmacPads {
  readonly inner: Uint8Array
  readonly outer: Uint8Array
}

/** The pads of a key, made once. */
export function hmacPads(key: Uint8Array): HmacPads {
  const block = new Uint8Array(BLOCK_BYTES)
  block.set(key.length > BLOCK_BYTES ? hash("sha256", key, "buffer") : key)
  return { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) }
}
