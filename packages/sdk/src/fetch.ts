import { createFetchAuthorizer } from "./guard/fetch-request.ts"
import type { GuardOptions } from "./guard/options.ts"
import type { VerifiedClaims } from "./verify/verified-tokens.ts"
import type { Verifier } from "./verify/verifier.ts"

export type { GuardOptions, RequiredScope } from "./guard/options.ts"
export { scopeFor } from "./guard/scope-for.ts"

/** What a guard says of a request: the claims of its token, or the answer to send in place of the route's own. */
export type GuardResult =
  | {
      readonly ok: true
      /** The claims of the request's token. */
      readonly claims: VerifiedClaims
    }
  | {
      readonly ok: false
      /** 401, 403 or 503, with `WWW-Authenticate` (RFC 6750, RFC 9449) and a problem document (RFC 9457). */
      readonly response: Response
    }

/** Checks one request. It reads URL, method and headers, never the body. */
export type FetchGuard = (request: Request) => Promise<GuardResult>

/**
 * A guard for servers that take requests of the Fetch standard: Workers, Deno, Bun, Next.js and others. Any framework
 * can use it whose request becomes a `Request`.
 * @throws `TypeError` for invalid options. The guard itself throws only what a `scope` function throws.
 * @example
 * const readReports = guard(verifier, { scope: "read:reports:*" })
 *
 * export default {
 *   async fetch(request: Request): Promise<Response> {
 *     const result = await readReports(request)
 *     return result.ok ? Response.json({ readBy: result.claims.sub }) : result.response
 *   },
 * }
 */
export function guard(verifier: Verifier, options?: GuardOptions<Request>): FetchGuard {
  const authorize = createFetchAuthorizer(verifier, options)
  return async (request) => {
    const decision = await authorize(request, request)
    // Without the token, which would be shown wherever a program prints the result.
    return decision.ok ? { ok: true, claims: decision.claims } : decision
  }
}
