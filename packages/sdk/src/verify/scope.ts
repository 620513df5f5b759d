import { exceedingScopes, isScope, nearestScope } from "@agentwrit/core"
import { InsufficientScopeError } from "./errors.ts"

/** What holds scopes: claims, or anything else that lists them. */
export interface ScopeHolder {
  readonly scope: readonly string[]
}

/**
 * Holds claims to the scopes that something needs; a scope with the identifier `*` covers every identifier (CONTRACT 2).
 * @param required one scope, or several that are all needed.
 * @throws {@link InsufficientScopeError}, which names what is missing; `TypeError` for something that is no scope.
 * @example requireScope(claims, "read:data:customer-7291")
 */
export function requireScope(held: ScopeHolder, required: string | readonly string[]): void {
  const scopes = typeof required === "string" ? [required] : required
  if (!scopes.every(isScope)) throw new TypeError("a required scope must be of the form action:resource:identifier")
  const missing = exceedingScopes(scopes, held.scope)
  if (missing.length > 0) throw new InsufficientScopeError(scopes, missing, scopeHint(missing, held.scope))
}

/** Tells a caller that proved itself what it lacks and the nearest that it holds, so that it can mend its request (CONTRACT 1). */
function scopeHint(missing: readonly string[], held: readonly string[]): string {
  const nearest = missing[0] === undefined ? undefined : nearestScope(missing[0], held)
  return `missing: ${missing.join(" ")}${nearest === undefined ? "" : `; nearest held: ${nearest}`}`
}
