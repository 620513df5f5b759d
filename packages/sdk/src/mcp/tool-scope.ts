import { exceedingScopes, isScope } from "@agentwrit/core"
import { invalidRequestScope, isRequestScope } from "../guard/scope-for.ts"
import { InsufficientScopeError } from "../verify/errors.ts"
import { requireScope } from "../verify/scope.ts"

/** The part of the MCP SDK's auth info that lists the granted scopes. */
export interface GrantedScopes {
  readonly scopes: readonly string[]
}

/**
 * Requires a scope inside a tool. Unlike the SDK's own comparison, it knows that `*` covers every identifier. The error
 * becomes the tool's error result and tells the agent what it lacks.
 * @param authInfo `extra.authInfo` (1.x) or `ctx.http?.authInfo` (2.x); `undefined` grants nothing.
 * @param required one scope, or several that are all needed. An empty list is refused: it may come from empty
 * arguments.
 * @throws `InsufficientScopeError`; `TypeError` for a malformed scope.
 * @example requireToolScope(authInfo, scopeFor("read", "data", "customer-7291"))
 */
export function requireToolScope(authInfo: GrantedScopes | undefined, required: string | readonly string[]): void {
  if (required.length === 0) throw invalidRequestScope()
  requireScope({ scope: authInfo?.scopes ?? [] }, required)
}

/** What the SDK passes to a {@link ScopeChallengeHandler}. */
export interface ScopeChallengeContext {
  readonly request: { readonly params?: { readonly [name: string]: unknown } | undefined }
  readonly authInfo?: GrantedScopes
}

/** Handler of a tool's `scopeChallenge` in `@modelcontextprotocol/server` 2.x. */
export type ScopeChallengeHandler = (
  context: ScopeChallengeContext,
) => { scopes: readonly [string, ...string[]]; errorDescription?: string } | undefined

/**
 * Makes the `scopeChallenge` of a tool in `@modelcontextprotocol/server` 2.x. A caller that lacks the scope is answered
 * 403 with `WWW-Authenticate` before the tool runs. Use `requireToolScope` in the tool as well: the SDK uses challenges
 * only over HTTP.
 * @param required one scope, several, or a function of the tool's arguments. They come from the client, so use
 * `scopeFor` in it.
 * @example
 * const challenge = scopeChallenge(({ id }) => scopeFor("read", "data", String(id)))
 * server.registerTool("read_customer", { scopeChallenge: challenge }, () => ({ content: [] }))
 */
export function scopeChallenge(
  required: string | readonly [string, ...string[]] | ((args: Readonly<Record<string, unknown>>) => string),
): ScopeChallengeHandler {
  if (typeof required !== "function" && (required.length === 0 || ![required].flat().every(isScope)))
    throw new TypeError("a required scope must be of the form action:resource:identifier")
  return ({ request, authInfo }) => {
    const scopes =
      typeof required === "function" ? ofArguments(required, request.params?.["arguments"]) : fixed(required)
    // When no scope can be made from the arguments, no other scope would help: the tool refuses the call.
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
    if (!isRequestScope(scope)) throw invalidRequestScope()
    return [scope]
  } catch (error) {
    if (error instanceof InsufficientScopeError) return undefined
    throw error
  }
}
