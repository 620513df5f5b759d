import { InvalidTokenError } from "../verify/errors.ts"
import type { VerifiedClaims } from "../verify/verified-tokens.ts"
import type { Verifier } from "../verify/verifier.ts"

/** What the MCP SDK stores of a verified token and passes to tools, in both major versions. */
export interface McpAuthInfo {
  token: string
  /** The agent id of the token. */
  clientId: string
  scopes: string[]
  /** Unix seconds. */
  expiresAt: number
  /** The resource that the token is for (RFC 8707): `resource` of the options, when `aud` contains it. */
  resource?: URL
  extra: {
    /** The token's claims. */
    readonly claims: VerifiedClaims
  } & Record<string, unknown>
}

/** The `verifier` of the bearer middleware of the MCP SDK, in both major versions. */
export interface McpTokenVerifier {
  verifyAccessToken(token: string): Promise<McpAuthInfo>
}

/**
 * The error class by which the MCP SDK recognizes an invalid token; it answers any other error with 500. Pass the class of the copy of
 * the SDK that your server uses.
 */
export type McpErrors =
  /** `@modelcontextprotocol/sdk` 1.x, from `server/auth/errors.js`. */
  | { readonly InvalidTokenError: new (message: string) => Error }
  /** `@modelcontextprotocol/server` 2.x. */
  | { readonly OAuthError: new (code: "invalid_token", message: string) => Error }

/** Options of {@link mcpTokenVerifier}. */
export type McpTokenVerifierOptions = McpErrors & {
  /** This server's name in `aud`, for the SDK's `expectedResource`. Tokens that contain it get it as their `resource`. Default: none. */
  readonly resource?: string | URL | undefined
  /** Called on every refusal, with the reason that the client does not learn: for logs and metrics. Must not throw. */
  readonly onRefused?: ((error: unknown) => void) | undefined
}

/**
 * Makes the token verifier for `requireBearerAuth({ verifier })` of `@modelcontextprotocol/sdk` 1.x and `@modelcontextprotocol/server`
 * 2.x. They answer an invalid token with 401, and with 500 while tokens cannot be verified.
 *
 * Their `requiredScopes` compares exact strings. Use `requireToolScope` or `scopeChallenge` instead, which know that `*` covers every
 * identifier.
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

/** The MCP SDK's auth info of a verified token, for a server behind another guard of this package. */
export function mcpAuthInfo(token: string, claims: VerifiedClaims): McpAuthInfo {
  return { token, clientId: claims.sub, scopes: [...claims.scope], expiresAt: claims.exp, extra: { claims } }
}

function invalidToken(errors: McpErrors, message: string): Error {
  return "InvalidTokenError" in errors
    ? new errors.InvalidTokenError(message)
    : new errors.OAuthError("invalid_token", message)
}
