import { isLoopbackUrl, isScope } from "@agentwrit/core"
import {
  InvalidProofError,
  InvalidTokenError,
  MissingTokenError,
  VerificationError,
  type VerifierError,
  WrongKindError,
} from "../verify/errors.ts"
import { requireScope } from "../verify/scope.ts"
import type { VerifiedClaims } from "../verify/verified-tokens.ts"
import type { Verifier } from "../verify/verifier.ts"
import { checkGuardOptions, type GuardOptions, parsePublicUrl } from "./options.ts"
import { type Refusal, refusalOf } from "./refusal.ts"
import { invalidRequestScope, isRequestScope } from "./scope-for.ts"

/** A request, as a framework's adapter passes it. */
export interface GuardedRequest<Request> {
  readonly request: Request
  /** The object that is the same for every guard which the request passes. */
  readonly identity: object
  /** Every value of the `Authorization` header. */
  readonly authorization: readonly string[]
  /** Every value of the `DPoP` header. */
  readonly proofs: readonly string[]
  readonly method: string
  /** Scheme and host of the request's URL, as the framework knows them. */
  readonly origin: string
  /** Without the query, which may contain secrets. */
  readonly path: string
  readonly requestId: string | undefined
}

/** The decision on a request. */
export type Decision =
  | { readonly ok: true; readonly token: string; readonly claims: VerifiedClaims }
  | { readonly ok: false; readonly refusal: Refusal }

/** Decides on requests, for every framework. */
export type Authorizer<Request> = (guarded: GuardedRequest<Request>) => Promise<Decision>

const SCHEMES = /^(bearer|dpop)(?: +(\S+))? *$/i

/** What the `Authorization` header presents. */
interface Presented {
  readonly isDpop: boolean
  readonly token: string
}

/** @throws `TypeError` for invalid options. */
export function createAuthorizer<Request>(
  verifier: Verifier,
  options: GuardOptions<Request> = {},
): Authorizer<Request> {
  checkGuardOptions(options)
  const { scope = [], kinds = ["agent"], realm, resourceMetadata, onRefused } = options
  const fixed = typeof scope === "function" ? undefined : toList(scope)
  if (fixed?.every(isScope) === false) throw new TypeError("scope must be of the form action:resource:identifier")
  const needed = (request: Request): readonly string[] => fixed ?? requestScopes((scope as ScopeOf<Request>)(request))
  const publicUrl = options.publicUrl === undefined ? undefined : parsePublicUrl(options.publicUrl)
  const accepted: ReadonlySet<string> = new Set(kinds)
  const challenge = { realm, resourceMetadata, scope: fixed ?? [] }
  return async (guarded) => {
    const { request, authorization, requestId, path } = guarded
    let isDpop = false
    try {
      const presented = presentedToken(authorization)
      ;({ isDpop } = presented)
      const { token } = presented
      const claims = isDpop
        ? await verifyProven(verifier, token, `${publicUrl ?? localOrigin(guarded)}${path}`, guarded)
        : await verifier.verify(token)
      if (!accepted.has(claims.kind)) throw new WrongKindError(claims.kind, kinds)
      const scopes = needed(request)
      if (scopes.length > 0) requireScope(claims, scopes)
      return { ok: true, token, claims }
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error
      const refused = error as VerifierError
      onRefused?.(refused, request)
      return { ok: false, refusal: refusalOf(refused, { challenge, isDpop, requestId, path }) }
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

/**
 * The token of a request (RFC 6750, section 2.1; RFC 9449, section 7.1). Two are refused, because it is unclear which
 * one counts.
 */
function presentedToken(authorization: readonly string[]): Presented {
  const [value, ...more] = authorization
  const found = value === undefined ? null : SCHEMES.exec(value)
  if (more.length > 0)
    throw new InvalidTokenError("malformed_token", "the request has more than one Authorization header")
  // With another scheme the client did not try to use a token.
  if (found === null && (value === undefined || !/^(?:bearer|dpop)\b/i.test(value))) throw new MissingTokenError()
  const [, scheme = "", token] = found ?? []
  if (token === undefined) throw new InvalidTokenError("malformed_token", "the Authorization header has no token")
  return { isDpop: scheme.toLowerCase() === "dpop", token }
}

/**
 * The origin of a request to this machine. Elsewhere another service that received a proof could name itself as the
 * `Host` and pass the proof on.
 */
function localOrigin({ origin }: GuardedRequest<unknown>): string {
  if (isLoopbackUrl(origin)) return origin
  throw new InvalidProofError(
    "public_url_missing",
    "the guard refuses bound tokens: it needs the option publicUrl, the URL under which clients know this service",
  )
}

/** A request whose proof was accepted. */
interface Proven {
  readonly verifier: Verifier
  readonly token: string
  readonly proof: string
  readonly url: string
  readonly claims: VerifiedClaims
}

/** A request may pass several guards, such as one of the app and one of the route. Its proof counts as one use. */
const proven = new WeakMap<object, Proven>()

async function verifyProven(
  verifier: Verifier,
  token: string,
  url: string,
  { identity, method, proofs }: GuardedRequest<unknown>,
): Promise<VerifiedClaims> {
  const [proof, ...more] = proofs
  if (proof === undefined || more.length > 0)
    throw new InvalidProofError("malformed_proof", "the request does not have exactly one DPoP header")
  const before = proven.get(identity)
  const isSame = before?.verifier === verifier && before.token === token && before.proof === proof && before.url === url
  if (isSame) return before.claims
  const claims = await verifier.verify(token, { proof, method, url })
  proven.set(identity, { verifier, token, proof, url, claims })
  return claims
}
