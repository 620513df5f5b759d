import { isScope } from "@agentwrit/core"
import { InsufficientScopeError } from "../verify/errors.ts"

/**
 * A scope of parts that come from a request. An identifier may hold colons; an action and a resource may not, and none may be `*`.
 * @throws `InsufficientScopeError`, which a guard answers with 403: no token covers what cannot be named.
 * @example guard(verifier, { scope: (c) => scopeFor("read", "data", c.req.param("id")) })
 */
export function scopeFor(action: string, resource: string, identifier: string | undefined): string {
  const scope = `${action}:${resource}:${identifier}`
  const isWhole = typeof identifier === "string" && !`${action}${resource}`.includes(":")
  if (!isWhole || !isRequestScope(scope)) throw unnameable()
  return scope
}

/** Whether a scope that was made from a request may be asked for: `*` in it would come from the client. */
export function isRequestScope(scope: unknown): scope is string {
  return isScope(scope) && !scope.endsWith(":*")
}

/** The refusal of a request from which no scope can be made. */
export function unnameable(): InsufficientScopeError {
  return new InsufficientScopeError([], [], "the request does not name what it is for in a form that a scope can have")
}
