import { type Claims, parseClaims } from "./claims.ts"
import { verifyDelegation } from "./delegation.ts"
import type { SigningKey, VerifyingKey } from "./ed25519.ts"
import { decodeUtf8, encodeUtf8 } from "./encoding.ts"
import { TokenError } from "./errors.ts"
import { decodeCompact, type FindKey, signCompact, verifyCompact } from "./jws.ts"

/**
 * A token whose signature, claims and delegation chain are valid. Check its times, issuer and audience with
 * `checkClaims`.
 */
export interface VerifiedToken {
  readonly claims: Claims
  /** The key that signed it. */
  readonly key: VerifyingKey
}

/** The only header that a token may have (CONTRACT 2). */
export interface TokenHeader {
  readonly alg: "EdDSA"
  readonly typ: "JWT"
  readonly kid: string
}

/** A decoded token. Nothing about it was verified. */
export interface DecodedToken {
  readonly header: TokenHeader
  readonly claims: Claims
}

/** The `typ` of a token. */
export const TOKEN_TYPE = "JWT"

/** Maximum length of a token, in characters: enough for a chain of five records with dozens of long scopes each. */
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
 * Verifies a token: form, exact header, signature, form of the claims, and the delegation chain. It does not check
 * times, issuer, audience or revocation: continue with `checkClaims` and `findRevocation`.
 * @param findKey finds a trusted key by its `kid`, such as `find` of a key ring.
 * @throws only `CoreError`, for any text.
 */
export function verifyToken(token: string, findKey: FindKey): VerifiedToken {
  checkLength(token)
  const { payload, key } = verifyCompact(TOKEN_TYPE, token, findKey)
  const claims = claimsOf(payload)
  verifyDelegation(claims, ({ kid }) => (kid === undefined ? key : findKey(kid)))
  return { claims, key }
}

/**
 * The ids of all keys that a verified token rests on: of its own signature and of the records of its chain. A cache of
 * verified tokens forgets a token as soon as one of them is not trusted any more.
 */
export function signingKeyIds({ delegation_chain = [] }: Claims, keyId: string): readonly string[] {
  return [...new Set([keyId, ...delegation_chain.map(({ kid }) => kid ?? keyId)])]
}

/**
 * Decodes a token for display. The signature is not verified, so do not rely on the content.
 * @throws `CoreError` when it does not have the form of a token.
 */
export function decodeToken(token: string): DecodedToken {
  const { keyId, payload } = decodeCompact(TOKEN_TYPE, token, MAX_TOKEN_LENGTH)
  return { header: { alg: "EdDSA", typ: TOKEN_TYPE, kid: keyId }, claims: claimsOf(payload) }
}

function claimsOf(payload: Uint8Array): Claims {
  return parseClaims(parseJson(payload))
}

// Payloads are written by JSON.stringify. Any other text for the same value is refused: for example a duplicate member,
// which parsers read differently.
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
  if (written !== text) throw new TokenError("malformed_token", "token payload is not JSON in its compact form")
  return value
}

function checkLength(token: string): void {
  if (typeof token === "string" && token.length > MAX_TOKEN_LENGTH) {
    throw new TokenError("token_too_long", `token has ${token.length} characters, more than ${MAX_TOKEN_LENGTH}`)
  }
}
