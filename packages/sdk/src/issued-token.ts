import { UnexpectedAnswerError } from "./errors.ts"
import { Lifetime } from "./lifetime.ts"

/** A token that the broker issued. */
export interface IssuedToken {
  readonly value: string
  readonly lifetime: Lifetime
}

/** A compact JWS. A text of this form is safe in a header: no platform refuses it with an error that repeats it. */
export const TOKEN_FORM: RegExp = /^[\w-]+\.[\w-]+\.[\w-]+$/

/**
 * The token of an answer.
 * @param requestedAt `performance.now()` when it was requested.
 * @throws {@link UnexpectedAnswerError} when it is not a token.
 */
export function issuedToken(
  brokerUrl: string,
  answer: { readonly accessToken: string; readonly expiresIn: number },
  requestedAt: number,
): IssuedToken {
  if (!TOKEN_FORM.test(answer.accessToken))
    throw new UnexpectedAnswerError(brokerUrl, 200, "access_token is not a compact JWS")
  // The broker counts from the start of the current second, so a token may live up to one second less.
  const seconds = Math.max(answer.expiresIn - 1, answer.expiresIn / 2)
  return { value: answer.accessToken, lifetime: new Lifetime(seconds, requestedAt) }
}

/** The claims of a token, which nothing has verified; no members when they cannot be read. */
export function unverifiedClaims(token: string): { readonly iat?: unknown; readonly cnf?: unknown } {
  const [, payload = ""] = token.split(".")
  try {
    // The claims that are read here are ASCII, so that each byte is a character.
    return Object(JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))))
  } catch {
    // The parser's message would repeat a part of the token.
    return {}
  }
}

/** Whether a token is worth nothing without a proof of its key (RFC 9449 section 6). */
export const isBound = (token: string): boolean => unverifiedClaims(token).cnf !== undefined
