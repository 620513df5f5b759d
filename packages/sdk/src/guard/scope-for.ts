import { isScope } from "@agentwrit/core"
import { InsufficientScopeError } from "../verify/errors.ts"

/**
 * Makes a scope from parts of a request. The identifier may contain colons; the action and the resource may not. No
 * part may be `*`, none may be missing or repeated.
 * @throws `InsufficientScopeError` for other parts, which a guard answers with 403.
 * @example scopeFor("read", "data", "customer-7291") // "read:data:customer-7291"
 */
export function scopeFor(action: string, resource: string, identifier: string | readonly string[] | undefined): string {
  const scope = `${action}:${resource}:${identifier}`
  const isWhole = typeof identifier === "string" && !`${action}${resource}`.includes(":")
  if (!isWhole || !isRequestScope(scope)) throw invalidRequestScope()
  return scope
}

/** Whether a scope made from a request is usable. It must not end in `*`, which would come from the client. */
export function isRequestScope(scope: unknown): scope is string {
  return isScope(scope) && !scope.endsWith(":*")
}

/** The error for a request from which no scope can be made. */
export function invalidRequestScope(): InsufficientScopeError {
  return new InsufficientScopeError([], [], "a part of the request cannot be used in a scope")
}
