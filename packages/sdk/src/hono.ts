import type { Context, MiddlewareHandler } from "hono"
import { createJudge } from "./guard/guard.ts"
import type { GuardOptions } from "./guard/options.ts"
import type { VerifiedClaims } from "./verify/verified-tokens.ts"
import type { Verifier } from "./verify/verifier.ts"

export type { GuardOptions, RequiredScope } from "./guard/options.ts"
export { scopeFor } from "./guard/scope-for.ts"

/** What the guard sets for handlers: `c.var.claims`. */
export interface GuardEnvironment {
  Variables: {
    /** The claims of the request's token. */
    readonly claims: VerifiedClaims
  }
}

/**
 * A Hono middleware that lets requests with a good token through, and answers others with 401, 403 or 503, `WWW-Authenticate`
 * (RFC 6750) and a problem document (RFC 9457).
 * @throws `TypeError` for options that cannot be meant.
 * @example
 * app.get("/customers/:id", guard(verifier, { scope: (c) => scopeFor("read", "data", c.req.param("id")) }), (c) =>
 *   c.json({ id: c.req.param("id"), readBy: c.var.claims.sub }),
 * )
 */
export function guard(verifier: Verifier, options?: GuardOptions<Context>): MiddlewareHandler<GuardEnvironment> {
  const judge = createJudge(verifier, options)
  return async (c, next) => {
    const authorization = c.req.header("authorization")
    const verdict = await judge({
      request: c,
      // The Fetch standard joins what came more than once by a comma, which no token has.
      authorization: authorization === undefined ? [] : [authorization],
      requestId: c.req.header("x-request-id"),
      path: c.req.path,
    })
    if (!verdict.ok) return new Response(verdict.refusal.body, verdict.refusal)
    c.set("claims", verdict.claims)
    await next()
    return undefined
  }
}
