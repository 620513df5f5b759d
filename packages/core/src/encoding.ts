import { fromBase64, fromBase64Url, fromHex, toBase64, toBase64Url, toHex } from "#encoding"
import { EncodingError, type EncodingErrorCode } from "./errors.ts"

const encoder = /* @__PURE__ */ new TextEncoder()
// Without ignoreBOM a leading byte order mark would be removed, and the text would not re-encode to its bytes.
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Lower-case hex. */
export function encodeHex(bytes: Uint8Array): string {
  return toHex(bytes)
}

/**
 * Decodes lower-case hex, two characters a byte.
 * @throws {@link EncodingError} `invalid_hex` for anything that {@link encodeHex} does not write, upper case included.
 */
export function decodeHex(text: string): Uint8Array {
  return decoded(fromHex, text, "invalid_hex", "not lower-case hex with two characters a byte")
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  return toBase64(bytes)
}

/**
 * Decodes standard base64 with padding.
 * @throws {@link EncodingError} `invalid_base64` for anything that {@link encodeBase64} does not write: missing
 * padding, spaces, line breaks, the URL alphabet, stray bits.
 */
export function decodeBase64(text: string): Uint8Array {
  return decoded(fromBase64, text, "invalid_base64", "not standard base64 with padding")
}

/** Base64url without padding (RFC 4648 section 5, as RFC 7515 uses it). */
export function encodeBase64Url(bytes: Uint8Array): string {
  return toBase64Url(bytes)
}

/**
 * Decodes base64url without padding.
 * @throws {@link EncodingError} `invalid_base64url` for anything that {@link encodeBase64Url} does not write.
 */
export function decodeBase64Url(text: string): Uint8Array {
  return decoded(fromBase64Url, text, "invalid_base64url", "not base64url without padding")
}

/**
 * UTF-8 bytes of a text.
 * @throws {@link EncodingError} `ill_formed_text` for an unpaired surrogate: different texts would encode to the same
 * bytes.
 */
export function encodeUtf8(text: string): Uint8Array {
  requireWellFormed(text)
  return encoder.encode(text)
}

/** @throws {@link EncodingError} `ill_formed_text` */
export function requireWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new EncodingError("ill_formed_text", "text has an unpaired surrogate")
}

/**
 * Text of UTF-8 bytes. A byte order mark stays part of the text.
 * @throws {@link EncodingError} `invalid_utf8`
 */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new EncodingError("invalid_utf8", "bytes are not valid UTF-8", { cause })
  }
}

function decoded(
  decode: (text: string) => Uint8Array | undefined,
  text: string,
  code: EncodingErrorCode,
  fault: string,
): Uint8Array {
  const bytes = typeof text === "string" ? decode(text) : undefined
  if (bytes === undefined) throw new EncodingError(code, `text is ${fault}`)
  return bytes
}
