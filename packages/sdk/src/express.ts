import type { Request, RequestHandler } from "express"
import { createAuthorizer } from "./guard/guard.ts"
import { guardedRequest, keepToken } from "./guard/node-request.ts"
import type { GuardOptions } from "./guard/options.ts"
import type { Verifier } from "./verify/verifier.ts"

export { claimsOf } from "./guard/node-request.ts"
export type { GuardOptions, RequiredScope } from "./guard/options.ts"
export { scopeFor } from "./guard/scope-for.ts"

/**
 * An Express middleware that passes on requests with a valid token, and answers others with 401, 403 or 503,
 * `WWW-Authenticate` (RFC 6750) and a problem document (RFC 9457). Handlers read the claims with `claimsOf(req)`.
 * @throws `TypeError` for invalid options.
 * @example
 * app.get("/customers/:id", guard(verifier, { scope: (req) => scopeFor("read", "data", req.params.id) }), (req, res) =>
 * { res.json({ id: req.params.id, readBy: claimsOf(req).sub }) })
 */
export function guard(verifier: Verifier, options?: GuardOptions<Request>): RequestHandler {
  const authorize = createAuthorizer(verifier, options)
  return (request, response, next) => {
    authorize(guardedRequest(request, request)).then((decision) => {
      if (decision.ok) {
        keepToken(request, decision)
        next()
        return
      }
      const { status, headers, body } = decision.refusal
      // Not by Express, which would add a charset parameter; this media type has none.
      response.writeHead(status, headers).end(body)
    }, next)
  }
}
