import { sha256 as platformSha256, sha256OfText as platformSha256OfText } from "#platform"
import { requireWellFormed } from "./encoding.ts"

/**
 * SHA-256 (FIPS 180-4) of the parts, one after the other, as if they were one.
 * @returns 32 bytes.
 */
export function sha256(first: Uint8Array, ...rest: Uint8Array[]): Uint8Array {
  return platformSha256(first, rest)
}

/**
 * SHA-256 of the UTF-8 bytes of a text, as `sha256(encodeUtf8(text))`, but faster.
 * @returns 32 bytes.
 * @throws `EncodingError` `ill_formed_text`.
 */
export function sha256OfText(text: string): Uint8Array {
  requireWellFormed(text)
  return platformSha256OfText(text)
}
