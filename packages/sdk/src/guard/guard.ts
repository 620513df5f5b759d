import { isScope } from "@agentwrit/core"
import { InvalidTokenError, MissingTokenError, VerificationError, type VerifierError } from "../verify/errors.ts"
import { requireScope } from "../verify/scope.ts"
import type { VerifiedClaims } from "../verify/verified-tokens.ts"
import type { Verifier } from "../verify/verifier.ts"
import type { GuardOptions } from "./options.ts"
import { type Refusal, refusalOf } from "./refusal.ts"
import { invalidRequestScope, isRequestScope } from "./scope-for.ts"

/** A request, as a framework's adapter passes it. */
export interface GuardedRequest<Request> {
  readonly request: Request
  /** Every value of the `Authorization` header. */
  readonly authorization: readonly string[]
  readonly requestId: string | undefined
  /** Without the query, which may contain secrets. */
  readonly path: string
}

/** The decision on a request. */
export type Decision =
  | { readonly ok: true; readonly claims: VerifiedClaims }
  | { readonly ok: false; readonly refusal: Refusal }

/** Decides on requests, for every framework. */
export type Authorizer<Request> = (guarded: GuardedRequest<Request>) => Promise<Decision>

const BEARER = /^bearer(?: +(\S+))? *$/i

/** Characters that a quoted string of a header may contain without escapes. */
const QUOTABLE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

/** @throws `TypeError` for invalid options. */
export function createAuthorizer<Request>(
  verifier: Verifier,
  options: GuardOptions<Request> = {},
): Authorizer<Request> {
  const { scope = [], realm = "agentwrit", resourceMetadata, onRefused } = options
  if (!QUOTABLE.test(realm) || !QUOTABLE.test(resourceMetadata ?? ""))
    throw new TypeError("realm and resourceMetadata must be printable ASCII without quotes and backslashes")
  const fixed = typeof scope === "function" ? undefined : toList(scope)
  if (fixed?.every(isScope) === false) throw new TypeError("scope must be of the form action:resource:identifier")
  const needed = (request: Request): readonly string[] => fixed ?? requestScopes((scope as ScopeOf<Request>)(request))
  const challenge = { realm, resourceMetadata, scope: fixed ?? [] }
  return async ({ request, authorization, requestId, path }) => {
    try {
      const claims = await verifier.verify(bearerToken(authorization))
      requireScope(claims, needed(request))
      return { ok: true, claims }
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error
      const refused = error as VerifierError
      onRefused?.(refused, request)
      return { ok: false, refusal: refusalOf(refused, { challenge, requestId, path }) }
    }
  }
}

type ScopeOf<Request> = (request: Request) => string | readonly string[]

const toList = (scope: string | readonly string[]): readonly string[] =>
  typeof scope === "string" ? [scope] : [...scope]

function requestScopes(scope: string | readonly string[]): readonly string[] {
  const scopes = toList(scope)
  // A request for nothing must not be allowed because it needs nothing.
  if (scopes.length === 0 || !scopes.every(isRequestScope)) throw invalidRequestScope()
  return scopes
}

/** The token of a request (RFC 6750, section 2.1). Two are refused, because it is unclear which one counts. */
function bearerToken(authorization: readonly string[]): string {
  const [value, ...more] = authorization
  const found = value === undefined ? null : BEARER.exec(value)
  if (more.length > 0)
    throw new InvalidTokenError("malformed_token", "the request has more than one Authorization header")
  // With another scheme the client did not try to use a token.
  if (found === null && (value === undefined || !/^bearer\b/i.test(value))) throw new MissingTokenError()
  const token = found?.[1]
  if (token === undefined) throw new InvalidTokenError("malformed_token", "the Authorization header has no token")
  return token
}
