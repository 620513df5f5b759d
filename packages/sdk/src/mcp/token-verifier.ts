import type { TokenKind } from "@agentwrit/core"
import { requireKinds } from "../guard/options.ts"
import { requireKnownOptions } from "../known-options.ts"
import { InvalidTokenError, WrongKindError } from "../verify/errors.ts"
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
 * The error class by which the MCP SDK recognizes an invalid token; it answers any other error with 500. Pass the class
 * of the copy of the SDK that your server uses.
 */
export type McpErrors =
  /** `@modelcontextprotocol/sdk` 1.x, from `server/auth/errors.js`. */
  | { readonly InvalidTokenError: new (message: string) => Error }
  /** `@modelcontextprotocol/server` 2.x. */
  | { readonly OAuthError: new (code: "invalid_token", message: string) => Error }

/** Options of {@link mcpTokenVerifier}. */
export type McpTokenVerifierOptions = McpErrors & {
  /**
   * This server's name in `aud`. Tokens that do not name it are refused, others get it as their `resource`, for the
   * SDK's `expectedResource`. The verifier must check the audience. Default: none.
   */
  readonly resource?: string | URL
  /** The kinds of tokens that are accepted. Default `["agent"]`: tokens of apps and operators are refused. */
  readonly kinds?: readonly TokenKind[]
  /** Called on every refusal, with the reason that the client does not learn: for logs and metrics. Must not throw. */
  readonly onRefused?: ((error: unknown) => void) | undefined
}

type AllOptions = Omit<McpTokenVerifierOptions, keyof McpErrors> & {
  InvalidTokenError?: unknown
  OAuthError?: unknown
}

const NAMES = { InvalidTokenError: true, OAuthError: true, resource: true, kinds: true, onRefused: true } as const

/**
 * Makes the token verifier for `requireBearerAuth({ verifier })` of `@modelcontextprotocol/sdk` 1.x and
 * `@modelcontextprotocol/server` 2.x. They answer an invalid token with 401, and with 500 while tokens cannot be
 * verified.
 *
 * They read bearer tokens only. For tokens that are bound to a key use `mcpGuard`.
 *
 * Their `requiredScopes` compares exact strings. Use `requireToolScope` or `scopeChallenge` instead, which know that
 * `*` covers every identifier.
 * @example
 * import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js"
 * import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js"
 * import express from "express"
 *
 * express().use("/mcp", requireBearerAuth({ verifier: mcpTokenVerifier(verifier, { InvalidTokenError }) }))
 * @example
 * import { OAuthError, requireBearerAuth } from "@modelcontextprotocol/server"
 * const gate = requireBearerAuth({ verifier: mcpTokenVerifier(verifier, { OAuthError }) })
 */
export function mcpTokenVerifier(verifier: Verifier, options: McpTokenVerifierOptions): McpTokenVerifier {
  checkOptions(verifier, options)
  const { resource, kinds = ["agent"] } = options
  const url = resource === undefined ? undefined : new URL(resource)
  return {
    async verifyAccessToken(token) {
      try {
        const claims = await verifier.verify(token)
        if (!kinds.includes(claims.kind)) throw new WrongKindError(claims.kind, kinds)
        if (url !== undefined && !claims.aud?.some((name) => name === String(resource) || name === url.href))
          throw new InvalidTokenError("audience_mismatch", `token audience does not name ${url.href}`)
        return { ...mcpAuthInfo(token, claims), ...(url !== undefined && { resource: url }) }
      } catch (error) {
        options.onRefused?.(error)
        // The SDK has no error for a valid token of a wrong kind.
        if (error instanceof InvalidTokenError || error instanceof WrongKindError)
          throw invalidToken(options, error.clientDetail)
        throw error
      }
    },
  }
}

/** The MCP SDK's auth info of a verified token, for a server behind another guard of this package. */
export function mcpAuthInfo(token: string, claims: VerifiedClaims): McpAuthInfo {
  return { token, clientId: claims.sub, scopes: [...claims.scope], expiresAt: claims.exp, extra: { claims } }
}

function checkOptions(verifier: Verifier, options: McpTokenVerifierOptions): void {
  requireKnownOptions<AllOptions>("mcpTokenVerifier", options, NAMES)
  if (!("InvalidTokenError" in options || "OAuthError" in options))
    throw new TypeError(
      "mcpTokenVerifier needs InvalidTokenError (1.x) or OAuthError (2.x) of your copy of the MCP SDK",
    )
  if ("kinds" in options) requireKinds(options.kinds)
  if ("resource" in options && options.resource === undefined)
    throw new TypeError("resource is undefined: name it, or leave the option out to accept tokens for any server")
  if (options.resource !== undefined && verifier.audience === undefined)
    throw new TypeError("resource needs a verifier that checks the audience: pass `audience` to createVerifier")
}

function invalidToken(errors: McpErrors, message: string): Error {
  return "InvalidTokenError" in errors
    ? new errors.InvalidTokenError(message)
    : new errors.OAuthError("invalid_token", message)
}
