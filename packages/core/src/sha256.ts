import { sha256 as platformSha256, sha256OfText as platformSha256OfText } from "#platform"
import { requireWellFormed } from "./encoding.ts"

/**
 * SHA-256 (FIPS 180-4) of the concatenated parts.
 * @returns 32 bytes.
 */
export function sha256(first: Uint8Array, ...rest: Uint8Array[]): Uint8Array {
  return platformSha256(first, rest)
}

/**
 * SHA-256 of the UTF-8 bytes of a text. Faster than `sha256(encodeUtf8(text))`.
 * @returns 32 bytes.
 * @throws `EncodingError` `ill_formed_text`.
 */
export function sha256OfText(text: string): Uint8Array {
  requireWellFormed(text)
  return platformSha256OfText(text)
}
