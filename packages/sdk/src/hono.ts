import type { Context, MiddlewareHandler } from "hono"
import { createFetchAuthorizer } from "./guard/fetch-request.ts"
import type { GuardOptions } from "./guard/options.ts"
import type { VerifiedClaims } from "./verify/verified-tokens.ts"
import type { Verifier } from "./verify/verifier.ts"

export type { GuardOptions, RequiredScope } from "./guard/options.ts"
export { scopeFor } from "./guard/scope-for.ts"

/** The variable that the guard sets for handlers: `c.var.claims`. */
export interface GuardEnvironment {
  Variables: {
    /** The claims of the request's token. */
    readonly claims: VerifiedClaims
  }
}

/**
 * A Hono middleware that passes on requests with a valid token, and answers others with 401, 403 or 503,
 * `WWW-Authenticate` (RFC 6750) and a problem document (RFC 9457).
 * @throws `TypeError` for invalid options.
 * @example
 * import { Hono } from "hono"
 *
 * const app = new Hono().get(
 *   "/customers/:id",
 *   guard(verifier, { scope: (c) => scopeFor("read", "data", c.req.param("id")) }),
 *   (c) => c.json({ id: c.req.param("id"), readBy: c.var.claims.sub }),
 * )
 */
export function guard(verifier: Verifier, options?: GuardOptions<Context>): MiddlewareHandler<GuardEnvironment> {
  const authorize = createFetchAuthorizer(verifier, options)
  return async (c, next) => {
    const decision = await authorize(c, c.req.raw)
    if (!decision.ok) return decision.response
    c.set("claims", decision.claims)
    await next()
    return undefined
  }
}
