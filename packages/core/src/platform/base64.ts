/** One variant of RFC 4648's base 64; `decode` answers `undefined` for text that `encode` does not write. */
export interface Radix64 {
  encode(bytes: Uint8Array): string
  decode(text: string): Uint8Array | undefined
}

/**
 * @param last the characters for 62 and 63.
 * @param padded whether the text is filled up with `=` to a multiple of four.
 */
export function createRadix64(last: string, padded: boolean): Radix64 {
  const alphabet = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`
  const values = new Int8Array(128).fill(-1)
  for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i

  function encode(bytes: Uint8Array): string {
    let text = ""
    let pending = 0
    let bits = 0
    for (const byte of bytes) {
      pending = ((pending << 8) | byte) & 0xffff
      bits += 8
      while (bits >= 6) {
        bits -= 6
        text += alphabet.charAt((pending >>> bits) & 63)
      }
    }
    if (bits > 0) text += alphabet.charAt((pending << (6 - bits)) & 63)
    return padded ? text.padEnd(Math.ceil(text.length / 4) * 4, "=") : text
  }

  function decode(text: string): Uint8Array | undefined {
    const digits = padded ? withoutPadding(text) : text
    if (digits === undefined || digits.length % 4 === 1) return undefined
    const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4))
    let pending = 0
    let bits = 0
    let length = 0
    for (let i = 0; i < digits.length; i++) {
      const value = values[digits.charCodeAt(i)] ?? -1
      if (value < 0) return undefined
      pending = ((pending << 6) | value) & 0xffff
      bits += 6
      if (bits >= 8) {
        bits -= 8
        bytes[length++] = pending >>> bits
      }
    }
    // Bits left over must be zero, or the same bytes would have several spellings.
    return (pending & ((1 << bits) - 1)) === 0 ? bytes : undefined
  }

  return { encode, decode }
}

function withoutPadding(text: string): string | undefined {
  if (text.length % 4 !== 0) return undefined
  if (text.endsWith("==")) return text.slice(0, -2)
  return text.endsWith("=") ? text.slice(0, -1) : text
}
