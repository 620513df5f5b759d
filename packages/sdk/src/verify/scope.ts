import { exceedingScopes, isScope, nearestScope } from "@agentwrit/core"
import { InsufficientScopeError } from "./errors.ts"

/** Claims, or anything else that has scopes. */
export interface ScopeHolder {
  readonly scope: readonly string[]
}

/**
 * Requires scopes. A scope with the identifier `*` covers every identifier (CONTRACT 2).
 * @param required one scope, or several that are all needed.
 * @throws {@link InsufficientScopeError}, which names the missing scopes; `TypeError` for a malformed scope, and for an
 * empty list, which would require nothing.
 * @example requireScope(claims, "read:data:customer-7291")
 */
export function requireScope(held: ScopeHolder, required: string | readonly string[]): void {
  const scopes = typeof required === "string" ? [required] : required
  if (scopes.length === 0) throw new TypeError("no scope is required: name one")
  if (!scopes.every(isScope)) throw new TypeError("a required scope must be of the form action:resource:identifier")
  const missing = exceedingScopes(scopes, held.scope)
  if (missing.length > 0) throw new InsufficientScopeError(scopes, missing, scopeHint(missing, held.scope))
}

/**
 * Names the missing scopes and the nearest one that the caller has, so that it can correct its request (CONTRACT 1).
 */
function scopeHint(missing: readonly string[], held: readonly string[]): string {
  const nearest = missing[0] === undefined ? undefined : nearestScope(missing[0], held)
  return `missing: ${missing.join(" ")}${nearest === undefined ? "" : `; nearest held: ${nearest}`}`
}
