import type { SigningKey, VerifyingKey } from "./ed25519.ts"
import { decodeBase64Url, encodeBase64Url, encodeUtf8 } from "./encoding.ts"
import { TokenError } from "./errors.ts"
import { KEY_ID_LENGTH } from "./key-id.ts"

/** Finds the key of a `kid`; returns `undefined` for an unknown one. The id is always 43 characters of base64url. */
export type FindKey = (keyId: string) => VerifyingKey | undefined

/** The content of a compact JWS whose signature was verified. */
export interface VerifiedJws {
  readonly payload: Uint8Array
  /** The key that signed it. */
  readonly key: VerifyingKey
}

/** The three parts of a compact JWS, decoded but not verified. */
export interface JwsParts {
  readonly keyId: string
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  /** The text that the signature covers (RFC 7515 section 5.1). */
  readonly signingInput: string
}

/** Maximum length of a compact JWS, in characters. A full message of the revocation feed has about 800,000. */
export const MAX_JWS_LENGTH: number = 1024 * 1024

const TYPE = /^[A-Za-z0-9!#$&^_.+-]+$/
const KEY_ID = /^[A-Za-z0-9_-]{43}$/

/**
 * Signs a payload as a compact JWS whose header is exactly `{"alg":"EdDSA","typ":T,"kid":K}` (RFC 7515, RFC 8037;
 * CONTRACT 2).
 * @param type the `typ`: a media type without `application/`.
 * @throws `TypeError` when the type needs escaping; {@link TokenError} `token_too_long` beyond {@link MAX_JWS_LENGTH}.
 */
export function signCompact(type: string, payload: Uint8Array, key: SigningKey): string {
  const signingInput = `${encodeBase64Url(encodeUtf8(headerText(type, key.keyId)))}.${encodeBase64Url(payload)}`
  const text = `${signingInput}.${encodeBase64Url(key.sign(encodeUtf8(signingInput)))}`
  if (text.length > MAX_JWS_LENGTH) throw tooLong(text.length, MAX_JWS_LENGTH)
  return text
}

/**
 * Verifies a compact JWS of {@link signCompact}: exact header, exact encoding, signature.
 * @throws {@link TokenError} `malformed_token`, `token_too_long`, `wrong_header`, `unknown_key` or `bad_signature`.
 */
export function verifyCompact(type: string, text: string, findKey: FindKey): VerifiedJws {
  const { keyId, payload, signature, signingInput } = decodeCompact(type, text, MAX_JWS_LENGTH)
  const key = findKey(keyId)
  if (key === undefined || key.keyId !== keyId)
    throw new TokenError("unknown_key", `token is signed by an unknown key: kid ${keyId}`)
  if (!key.verify(encodeUtf8(signingInput), signature)) {
    throw new TokenError("bad_signature", `token signature is not that of its kid ${keyId}`)
  }
  return { payload, key }
}

/**
 * Decodes a compact JWS without verifying its signature. Its form is checked: the exact header, and three parts that
 * re-encode to themselves.
 * @throws {@link TokenError} `malformed_token`, `token_too_long` or `wrong_header`.
 */
export function decodeCompact(type: string, text: string, maxLength: number): JwsParts {
  if (typeof text !== "string") throw new TokenError("malformed_token", "token is not a string")
  if (text.length > maxLength) throw tooLong(text.length, maxLength)
  const headerEnd = text.indexOf(".")
  const payloadEnd = text.indexOf(".", headerEnd + 1)
  // A third dot would be part of the signature, and base64url has no dot.
  if (payloadEnd === -1) {
    throw new TokenError("malformed_token", "token is not three parts separated by dots")
  }
  const keyId = keyIdOfHeader(type, text.slice(0, headerEnd))
  const payload = decodePart(text.slice(headerEnd + 1, payloadEnd), "payload")
  const signature = decodePart(text.slice(payloadEnd + 1), "signature")
  return { keyId, payload, signature, signingInput: text.slice(0, payloadEnd) }
}

/** The last header and its key id. Nearly all tokens have the same header, and then comparing its text is enough. */
let lastHeader = { type: "", encoded: "", keyId: "" }

function keyIdOfHeader(type: string, encoded: string): string {
  if (encoded !== lastHeader.encoded || type !== lastHeader.type)
    lastHeader = { type, encoded, keyId: readKeyId(type, encoded) }
  return lastHeader.keyId
}

// Checking member by member would accept other spellings, so the header is rebuilt from its kid and compared as a
// whole.
function readKeyId(type: string, encoded: string): string {
  const expectedEnd = '"}'
  const expectedStart = headerText(type, "").slice(0, -expectedEnd.length)
  const header = decodePart(encoded, "header")
  if (header.length === expectedStart.length + KEY_ID_LENGTH + expectedEnd.length) {
    const text = String.fromCharCode(...header)
    const keyId = text.slice(expectedStart.length, -expectedEnd.length)
    if (KEY_ID.test(keyId) && text === headerText(type, keyId)) return keyId
  }
  throw new TokenError("wrong_header", `token header is not exactly ${headerText(type, "…")}`)
}

function headerText(type: string, keyId: string): string {
  if (!TYPE.test(type)) throw new TypeError("the typ of a JWS must be a media type without its application/ prefix")
  return `{"alg":"EdDSA","typ":"${type}","kid":"${keyId}"}`
}

function decodePart(part: string, name: string): Uint8Array {
  try {
    return decodeBase64Url(part)
  } catch (cause) {
    throw new TokenError("malformed_token", `token ${name} is not base64url without padding`, { cause })
  }
}

function tooLong(length: number, limit: number): TokenError {
  return new TokenError("token_too_long", `token has ${length} characters, more than ${limit}`)
}
