import { randomBytes } from "node:crypto"

/** Bytes drawn at once: a call to the system's generator costs the same few microseconds, whatever it is asked for. */
const BLOCK = 4096

let block = Buffer.alloc(0)
let used = 0

/**
 * Random bytes, as lower-case hex, for what must be unique but is no secret, such as ids and nonces: they lie in memory a while before
 * their use.
 * @param bytes at most 4096.
 * @throws `TypeError` for more.
 */
export function uniqueHex(bytes: number): string {
  if (!(bytes <= BLOCK)) throw new TypeError(`at most ${BLOCK} bytes are drawn at once`)
  if (used + bytes > block.length) {
    block = randomBytes(BLOCK)
    used = 0
  }
  used += bytes
  return block.toString("hex", used - bytes, used)
}
