import type { FastifyReply, FastifyRequest } from "fastify"
import { createJudge } from "./guard/guard.ts"
import { authorizationOf, keepClaims, pathOf, requestIdOf } from "./guard/node-request.ts"
import type { GuardOptions } from "./guard/options.ts"
import type { Verifier } from "./verify/verifier.ts"

export { claimsOf } from "./guard/node-request.ts"
export type { GuardOptions, RequiredScope } from "./guard/options.ts"
export { scopeFor } from "./guard/scope-for.ts"

/** A hook for `onRequest`, of one route or of all. */
export type GuardHook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * A Fastify hook that lets requests with a good token through, and answers others with 401, 403 or 503, `WWW-Authenticate`
 * (RFC 6750) and a problem document (RFC 9457). Handlers read the claims with `claimsOf(request)`.
 * @throws `TypeError` for options that cannot be meant.
 * @example
 * app.get("/reports", { onRequest: guard(verifier, { scope: "read:reports:*" }) }, async (request) => ({
 *   readBy: claimsOf(request).sub,
 * }))
 */
export function guard(verifier: Verifier, options?: GuardOptions<FastifyRequest>): GuardHook {
  const judge = createJudge(verifier, options)
  return async (request, reply) => {
    const verdict = await judge({
      request,
      authorization: authorizationOf(request.raw),
      requestId: requestIdOf(request.raw),
      path: pathOf(request.originalUrl),
    })
    if (verdict.ok) {
      keepClaims(request, verdict.claims)
      return
    }
    const { status, headers, body } = verdict.refusal
    // As bytes: to a text Fastify would add a character set, which this media type has not.
    await reply.code(status).headers(headers).send(new TextEncoder().encode(body))
  }
}
