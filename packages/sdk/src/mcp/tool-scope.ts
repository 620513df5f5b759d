import { exceedingScopes, isScope } from "@agentwrit/core"
import { isRequestScope, unnameable } from "../guard/scope-for.ts"
import { InsufficientScopeError } from "../verify/errors.ts"
import { requireScope } from "../verify/scope.ts"

/** What of the MCP SDK's auth info tells what a token grants. */
export interface GrantedScopes {
  readonly scopes: readonly string[]
}

/**
 * Holds a tool's caller to a scope, inside the tool: `*` covers, which the SDK's own comparison does not know. The error becomes the
 * tool's error result and tells the agent what it lacks.
 * @param authInfo `extra.authInfo` (1.x) or `ctx.http?.authInfo` (2.x); `undefined` grants nothing.
 * @param required one scope or several, all of them; an empty list is refused, because it may come of arguments that name nothing.
 * @throws `InsufficientScopeError`; `TypeError` for something that is no scope.
 * @example requireToolScope(extra.authInfo, scopeFor("read", "data", customerId))
 */
export function requireToolScope(authInfo: GrantedScopes | undefined, required: string | readonly string[]): void {
  // A list that was made from arguments which name nothing must not need nothing.
  if (required.length === 0) throw unnameable()
  requireScope({ scope: authInfo?.scopes ?? [] }, required)
}

/** What the SDK tells a {@link ScopeChallengeHandler} of a request. */
export interface ScopeChallengeContext {
  readonly request: { readonly params?: { readonly [name: string]: unknown } | undefined }
  readonly authInfo?: GrantedScopes
}

/** Handler of a tool's `scopeChallenge` in `@modelcontextprotocol/server` 2.x. */
export type ScopeChallengeHandler = (
  context: ScopeChallengeContext,
) => { scopes: readonly [string, ...string[]]; errorDescription?: string } | undefined

/**
 * The `scopeChallenge` of a tool in `@modelcontextprotocol/server` 2.x, so that a caller that lacks the scope is answered 403 with
 * `WWW-Authenticate` before the tool runs. It stands beside `requireToolScope` in the tool, and does not replace it: the SDK asks for
 * challenges over HTTP only.
 * @param required one scope, several, or a function of the tool's arguments, which come from the client: make it with `scopeFor`.
 * @example server.registerTool("read_customer", { inputSchema, scopeChallenge: scopeChallenge((args) => scopeFor("read", "data", String(args.id))) }, run)
 */
export function scopeChallenge(
  required: string | readonly [string, ...string[]] | ((args: Readonly<Record<string, unknown>>) => string),
): ScopeChallengeHandler {
  if (typeof required !== "function" && ![required].flat().every(isScope))
    throw new TypeError("a required scope must be of the form action:resource:identifier")
  return ({ request, authInfo }) => {
    const scopes =
      typeof required === "function" ? ofArguments(required, request.params?.["arguments"]) : fixed(required)
    // A call from which no scope can be made is left to the tool: there is no scope that would mend it.
    if (scopes === undefined || exceedingScopes(scopes, authInfo?.scopes ?? []).length === 0) return undefined
    return { scopes, errorDescription: "token lacks a scope that the tool needs" }
  }
}

const fixed = (required: string | readonly [string, ...string[]]): readonly [string, ...string[]] =>
  typeof required === "string" ? [required] : required

function ofArguments(
  required: (args: Readonly<Record<string, unknown>>) => string,
  args: unknown,
): readonly [string] | undefined {
  try {
    const scope = required(typeof args === "object" && args !== null ? { ...args } : {})
    if (!isRequestScope(scope)) throw unnameable()
    return [scope]
  } catch (error) {
    if (error instanceof InsufficientScopeError) return undefined
    throw error
  }
}
