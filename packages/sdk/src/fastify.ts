import type { FastifyReply, FastifyRequest } from "fastify"
import { createAuthorizer } from "./guard/guard.ts"
import { guardedRequest, keepToken } from "./guard/node-request.ts"
import type { GuardOptions } from "./guard/options.ts"
import type { Verifier } from "./verify/verifier.ts"

export { claimsOf } from "./guard/node-request.ts"
export type { GuardOptions, RequiredScope } from "./guard/options.ts"
export { scopeFor } from "./guard/scope-for.ts"

/** A hook for `onRequest`, on one route or all. */
export type GuardHook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * A Fastify hook that passes on requests with a valid token, and answers others with 401, 403 or 503,
 * `WWW-Authenticate` (RFC 6750) and a problem document (RFC 9457). Handlers read the claims with `claimsOf(request)`.
 * @throws `TypeError` for invalid options.
 * @example
 * import fastify from "fastify"
 *
 * const app = fastify()
 * app.get("/reports", { onRequest: guard(verifier, { scope: "read:reports:*" }) }, async (request) => ({
 *   readBy: claimsOf(request).sub,
 * }))
 */
export function guard(verifier: Verifier, options?: GuardOptions<FastifyRequest>): GuardHook {
  const authorize = createAuthorizer(verifier, options)
  return async (request, reply) => {
    const decision = await authorize(guardedRequest(request, request.raw))
    if (decision.ok) {
      keepToken(request, decision)
      return
    }
    const { status, headers, body } = decision.refusal
    // As bytes, because Fastify adds a charset parameter to text; this media type has none. Fastify 4 knows Buffers only.
    await reply.code(status).headers(headers).send(Buffer.from(body))
  }
}
