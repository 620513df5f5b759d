import { sha256 as platformSha256 } from "#platform"

/**
 * SHA-256 (FIPS 180-4) of the parts, one after the other, as if they were one.
 * @returns 32 bytes.
 */
export function sha256(first: Uint8Array, ...rest: Uint8Array[]): Uint8Array {
  return platformSha256(first, rest)
}
