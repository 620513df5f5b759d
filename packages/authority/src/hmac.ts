import { sha256 } from "@agentwrit/core"

/** Bytes of SHA-256's block. */
const BLOCK = 64

/**
 * HMAC-SHA256 (RFC 2104) under a key of at most 64 bytes. Node's `createHmac` makes an object outside the heap for every message,
 * which at ten thousand challenges a second was a third of their cost.
 */
export function hmacSha256(key: Uint8Array): (message: Uint8Array) => Uint8Array {
  if (key.length > BLOCK) throw new TypeError("the key is longer than 64 bytes")
  const inner = padded(key, 0x36)
  const outer = padded(key, 0x5c)
  return (message) => sha256(joined(outer, sha256(joined(inner, message))))
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  return Uint8Array.from({ length: BLOCK }, (_, i) => (key[i] ?? 0) ^ pad)
}

function joined(block: Uint8Array, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(BLOCK + rest.length)
  bytes.set(block)
  bytes.set(rest, BLOCK)
  return bytes
}
