import { canonicalJson, type JsonObject } from "./canonical-json.ts"
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

/** The members of a JWK that its thumbprint covers, by `kty` (RFC 7638 section 3.2, RFC 8037 section 2). */
const THUMBPRINT_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
  RSA: ["e", "kty", "n"],
}

/**
 * The key id of a public key of any kind that a broker publishes: its RFC 7638 thumbprint with SHA-256.
 * @param jwk its JWK. Members that the thumbprint does not cover are ignored.
 * @returns 43 characters of base64url.
 * @throws `TypeError` for another `kty` than `OKP`, `EC` and `RSA`.
 * @example keyIdOfJwk({ kty: "EC", crv: "P-256", x: "…", y: "…" })
 */
export function keyIdOfJwk(jwk: JsonObject): string {
  const members = THUMBPRINT_MEMBERS[String(jwk["kty"])]
  if (members === undefined) throw new TypeError("a JWK with a thumbprint has the kty OKP, EC or RSA")
  return encodeBase64Url(sha256OfText(canonicalJson(Object.fromEntries(members.map((name) => [name, jwk[name]])))))
}
