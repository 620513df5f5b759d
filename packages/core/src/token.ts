import { type Claims, parseClaims } from "./claims.ts"
import { verifyDelegation } from "./delegation.ts"
import type { SigningKey, VerifyingKey } from "./ed25519.ts"
import { decodeUtf8, encodeUtf8 } from "./encoding.ts"
import { TokenError } from "./errors.ts"
import { decodeCompact, type FindKey, signCompact, verifyCompact } from "./jws.ts"

/** A token whose signature, claims and delegation chain hold; its times, issuer and audience are for `checkClaims`. */
export interface VerifiedToken {
  readonly claims: Claims
  /** The key that signed it. */
  readonly key: VerifyingKey
}

/** The one header that a token may have (CONTRACT 2). */
export interface TokenHeader {
  readonly alg: "EdDSA"
  readonly typ: "JWT"
  readonly kid: string
}

/** A token taken apart, of which nothing is proved. */
export interface DecodedToken {
  readonly header: TokenHeader
  readonly claims: Claims
}

/** The `typ` of a token. */
export const TOKEN_TYPE = "JWT"

/** Longest token, in characters: a chain of five with dozens of long scopes at each step fits. */
export const MAX_TOKEN_LENGTH: number = 64 * 1024

/**
 * Signs claims as a token: a compact JWS with the header `{"alg":"EdDSA","typ":"JWT","kid":K}` (CONTRACT 2).
 * @throws `ClaimsError` or `DelegationError` for claims that no verifier would accept; {@link TokenError}
 * `token_too_long`.
 */
export function signToken(claims: Claims, key: SigningKey): string {
  const token = signCompact(TOKEN_TYPE, encodeUtf8(JSON.stringify(parseClaims(claims))), key)
  checkLength(token)
  return token
}

/**
 * Verifies a token: form, exact header, signature, shape of the claims, and the delegation chain. It does not look at times, issuer,
 * audience or revocation: go on with `checkClaims` and `findRevocation`.
 * @param findKey the key of a `kid`, among the keys that are trusted.
 * @throws `CoreError` of some kind, and nothing else, whatever the text is.
 */
export function verifyToken(token: string, findKey: FindKey): VerifiedToken {
  checkLength(token)
  const { payload, key } = verifyCompact(TOKEN_TYPE, token, findKey)
  const claims = claimsOf(payload)
  verifyDelegation(claims, () => key)
  return { claims, key }
}

/**
 * Takes a token apart for display. The signature is not verified and nothing that it says may be relied on.
 * @throws `CoreError` when it has not the form of a token.
 */
export function decodeToken(token: string): DecodedToken {
  const { keyId, payload } = decodeCompact(TOKEN_TYPE, token, MAX_TOKEN_LENGTH)
  return { header: { alg: "EdDSA", typ: TOKEN_TYPE, kid: keyId }, claims: claimsOf(payload) }
}

function claimsOf(payload: Uint8Array): Claims {
  return parseClaims(parseJson(payload))
}

// Our tokens are what JSON.stringify wrote. Any other text for the same value is refused: a member named twice is one, and it would mean
// different things to different parsers.
function parseJson(payload: Uint8Array): unknown {
  let value: unknown
  let written: string | undefined
  let text: string
  try {
    text = decodeUtf8(payload)
    value = JSON.parse(text)
    written = JSON.stringify(value)
  } catch (cause) {
    throw new TokenError("malformed_token", "token payload is not JSON in UTF-8", { cause })
  }
  if (written !== text) throw new TokenError("malformed_token", "token payload is not JSON in its one compact spelling")
  return value
}

function checkLength(token: string): void {
  if (typeof token === "string" && token.length > MAX_TOKEN_LENGTH) {
    throw new TokenError("token_too_long", `token has ${token.length} characters, more than ${MAX_TOKEN_LENGTH}`)
  }
}
