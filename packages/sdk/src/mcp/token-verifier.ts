import { InvalidTokenError } from "../verify/errors.ts"
import type { VerifiedClaims } from "../verify/verified-tokens.ts"
import type { Verifier } from "../verify/verifier.ts"

/** What the MCP SDK keeps of a verified token and hands to tools: the common part of both of its lines. */
export interface McpAuthInfo {
  token: string
  /** Whose token it is: an agent id. */
  clientId: string
  scopes: string[]
  /** Unix seconds. */
  expiresAt: number
  /** The resource that the token was made for (RFC 8707): the one of the options, where its `aud` names it. */
  resource?: URL
  extra: {
    /** The token's claims. */
    readonly claims: VerifiedClaims
  } & Record<string, unknown>
}

/** What the bearer middleware of either line of the MCP SDK takes as its `verifier`. */
export interface McpTokenVerifier {
  verifyAccessToken(token: string): Promise<McpAuthInfo>
}

/**
 * The error by which the MCP SDK knows a bad token; it answers any other with 500. Its class has to be the one of the copy of the SDK
 * that your server runs on, so hand it over.
 */
export type McpErrors =
  /** `@modelcontextprotocol/sdk` 1.x, from `server/auth/errors.js`. */
  | { readonly InvalidTokenError: new (message: string) => Error }
  /** `@modelcontextprotocol/server` 2.x. */
  | { readonly OAuthError: new (code: "invalid_token", message: string) => Error }

/** How {@link mcpTokenVerifier} makes its answers. */
export type McpTokenVerifierOptions = McpErrors & {
  /** This server's name in tokens' `aud`, for the SDK's `expectedResource`: told of tokens that name it. Default: none is told. */
  readonly resource?: string | URL | undefined
  /** Told of every refusal, with the reason that the client does not learn: for logs and metrics. Must not throw. */
  readonly onRefused?: ((error: unknown) => void) | undefined
}

/**
 * The token verifier that the MCP SDK's `requireBearerAuth({ verifier })` takes, of `@modelcontextprotocol/sdk` 1.x and of
 * `@modelcontextprotocol/server` 2.x. A bad token is their 401; while nothing can be verified they answer 500.
 *
 * Their `requiredScopes` compares exact strings: use `requireToolScope` in a tool, or `scopeChallenge` on one, by which `*` covers.
 * @example
 * import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js"
 * app.use("/mcp", requireBearerAuth({ verifier: mcpTokenVerifier(verifier, { InvalidTokenError }) }))
 * @example
 * import { OAuthError, requireBearerAuth } from "@modelcontextprotocol/server"
 * const gate = requireBearerAuth({ verifier: mcpTokenVerifier(verifier, { OAuthError }) })
 */
export function mcpTokenVerifier(verifier: Verifier, options: McpTokenVerifierOptions): McpTokenVerifier {
  const { resource } = options
  const url = resource === undefined ? undefined : new URL(resource)
  return {
    async verifyAccessToken(token) {
      try {
        const claims = await verifier.verify(token)
        const isNamed = url !== undefined && claims.aud?.some((name) => name === String(resource) || name === url.href)
        return { ...mcpAuthInfo(token, claims), ...(isNamed && { resource: url }) }
      } catch (error) {
        options.onRefused?.(error)
        if (error instanceof InvalidTokenError) throw invalidToken(options, error.clientDetail)
        throw error
      }
    },
  }
}

/** The MCP SDK's view of a token that was verified: for a server that stands behind another guard of this package. */
export function mcpAuthInfo(token: string, claims: VerifiedClaims): McpAuthInfo {
  return { token, clientId: claims.sub, scopes: [...claims.scope], expiresAt: claims.exp, extra: { claims } }
}

function invalidToken(errors: McpErrors, message: string): Error {
  return "InvalidTokenError" in errors
    ? new errors.InvalidTokenError(message)
    : new errors.OAuthError("invalid_token", message)
}
