import { createFetchAuthorizer } from "../guard/fetch-request.ts"
import { acceptedToken } from "../guard/node-request.ts"
import type { GuardOptions } from "../guard/options.ts"
import type { Verifier } from "../verify/verifier.ts"
import { type McpAuthInfo, mcpAuthInfo } from "./token-verifier.ts"

/** Decides on a request: the auth info for the MCP SDK, or the answer that refuses. */
export type McpGuard = (request: Request) => Promise<McpAuthInfo | Response>

/**
 * Guards an MCP endpoint, as the SDK's `requireBearerAuth` of 2.x does, and also accepts tokens that are bound to a key
 * (RFC 9449).
 * @throws `TypeError` for invalid options.
 * @example
 * const { metadataUrl } = protectedResource({ resource: "https://tools.example/mcp" })
 * const gate = mcpGuard(verifier, { publicUrl: "https://tools.example", resourceMetadata: metadataUrl })
 * const authInfo = await gate(request)
 * const answer = authInfo instanceof Response ? authInfo : await handler.fetch(request, { authInfo })
 */
export function mcpGuard(verifier: Verifier, options?: GuardOptions<Request>): McpGuard {
  const authorize = createFetchAuthorizer(verifier, options)
  return async (request) => {
    const decision = await authorize(request, request)
    return decision.ok ? mcpAuthInfo(decision.token, decision.claims) : decision.response
  }
}

/**
 * The auth info of a request that passed `guard` of Express or Fastify, for `req.auth` of `@modelcontextprotocol/sdk`
 * 1.x.
 * @throws `TypeError` when no guard checked the request, so that the route is open.
 * @example
 * import { guard } from "@agentwrit/sdk/express"
 * import express from "express"
 *
 * express().use("/mcp", guard(verifier), (req, _, next) => {
 *   Object.assign(req, { auth: mcpAuthInfoOf(req) })
 *   next()
 * })
 */
export function mcpAuthInfoOf(request: object): McpAuthInfo {
  const { token, claims } = acceptedToken(request)
  return mcpAuthInfo(token, claims)
}
