import type { ServerResponse } from "node:http"
import type { Request } from "express"
import { createAuthorizer } from "./guard/guard.ts"
import { type FrameworkRequest, guardedRequest, keepToken, type NodeRequest } from "./guard/node-request.ts"
import type { GuardOptions } from "./guard/options.ts"
import type { Verifier } from "./verify/verifier.ts"

export { claimsOf } from "./guard/node-request.ts"
export type { GuardOptions, RequiredScope } from "./guard/options.ts"
export { scopeFor } from "./guard/scope-for.ts"

/**
 * A middleware. It is no `RequestHandler` by name, because the handlers after it would lose the types of their route's
 * parameters.
 */
export type GuardMiddleware = (
  request: FrameworkRequest & NodeRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * An Express middleware that passes on requests with a valid token, and answers others with 401, 403 or 503,
 * `WWW-Authenticate` (RFC 6750) and a problem document (RFC 9457). Handlers read the claims with `claimsOf(req)`.
 * @throws `TypeError` for invalid options.
 * @example
 * import express from "express"
 *
 * const app = express()
 * app.get(
 *   "/customers/:id",
 *   guard(verifier, { scope: (req) => scopeFor("read", "data", req.params["id"]) }),
 *   (req, res) => { res.json({ id: req.params.id, readBy: claimsOf(req).sub }) },
 * )
 */
export function guard(verifier: Verifier, options?: GuardOptions<Request>): GuardMiddleware {
  const authorize = createAuthorizer(verifier, options)
  return (request, response, next) => {
    authorize(guardedRequest(request as Request, request)).then((decision) => {
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
