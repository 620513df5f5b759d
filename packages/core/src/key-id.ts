import { encodeBase64Url } from "./encoding.ts"
import { sha256OfText } from "./sha256.ts"

/** Length of a key id: 32 bytes in base64url. */
export const KEY_ID_LENGTH = 43

/**
 * The key id of an Ed25519 public key: its RFC 7638 thumbprint with SHA-256, over the members that RFC 8037 section 2
 * requires.
 * @param publicKey 32 bytes.
 * @returns 43 characters of base64url.
 */
export function keyIdOf(publicKey: Uint8Array): string {
  return encodeBase64Url(sha256OfText(`{"crv":"Ed25519","kty":"OKP","x":"${encodeBase64Url(publicKey)}"}`))
}
