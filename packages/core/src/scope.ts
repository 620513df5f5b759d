import { ScopeError } from "./errors.ts"

/** The parts of a scope. */
export interface Scope {
  readonly action: string
  readonly resource: string
  /** `*` stands for every identifier. */
  readonly identifier: string
}

/** Longest scope, in bytes (all of them are ASCII). */
export const MAX_SCOPE_LENGTH = 256

// Printable ASCII without space, comma, quote, backslash and `*`; a colon only in the identifier.
const SCOPE = /^([!#-)+\--9;-[\]-~]+):([!#-)+\--9;-[\]-~]+):(\*|[!#-)+\--[\]-~]+)$/

/**
 * Parses `action:resource:identifier` (CONTRACT 2). Only the first two colons separate, so an identifier may contain
 * colons. `*` is allowed only as the whole identifier.
 * @throws {@link ScopeError} `invalid_scope`. The message does not repeat the text.
 * @example parseScope("read:data:customer:7") // { action: "read", resource: "data", identifier: "customer:7" }
 */
export function parseScope(text: string): Scope {
  const [, action, resource, identifier] = match(text) ?? []
  if (action === undefined || resource === undefined || identifier === undefined) {
    throw scopeFault(text)
  }
  return { action, resource, identifier }
}

/** Whether `text` is a scope that {@link parseScope} reads. */
export function isScope(text: unknown): text is string {
  return typeof text === "string" && text.length <= MAX_SCOPE_LENGTH && SCOPE.test(text)
}

/**
 * Whether the scope's action is reserved for the broker (`admin`, `app`): no ceiling and no launch token may name it
 * (CONTRACT 2).
 */
export function isReservedScope(scope: string): boolean {
  return scope.startsWith("admin:") || scope.startsWith("app:")
}

/**
 * Whether `allowed` grants `requested`: same action, same resource, and the same identifier or `*` (CONTRACT 2). A text
 * that is not a scope grants nothing and is never granted.
 * @example scopeCovers("read:data:*", "read:data:7") // true
 */
export function scopeCovers(allowed: string, requested: string): boolean {
  if (!isScope(allowed) || !isScope(requested)) return false
  // A valid scope has its only `*` at the end, after the second colon, so the prefix is the action and the resource.
  return allowed === requested || (allowed.endsWith(":*") && requested.startsWith(allowed.slice(0, -1)))
}

/** The members of `requested` that no member of `allowed` covers, in their order. */
export function exceedingScopes(requested: readonly string[], allowed: readonly string[]): string[] {
  return requested.filter((scope) => !allowed.some((candidate) => scopeCovers(candidate, scope)))
}

/** Whether every member of `requested` is covered by a member of `allowed`. Equal sets are within each other. */
export function scopesWithin(requested: readonly string[], allowed: readonly string[]): boolean {
  return requested.every((scope) => allowed.some((candidate) => scopeCovers(candidate, scope)))
}

/**
 * The held scope that is nearest to a missing one, for a hint to a caller that asked for too much. The resource counts
 * more than the action, and the action more than the identifier. `undefined` when no scope has the same action or
 * resource.
 */
export function nearestScope(missing: string, held: readonly string[]): string | undefined {
  if (!isScope(missing)) return undefined
  const wanted = parseScope(missing)
  let nearest: string | undefined
  let best = 1
  for (const candidate of held) {
    if (!isScope(candidate)) continue
    const { action, resource, identifier } = parseScope(candidate)
    const sameIdentifier = identifier === wanted.identifier || identifier === "*"
    const score = (resource === wanted.resource ? 4 : 0) + (action === wanted.action ? 2 : 0) + (sameIdentifier ? 1 : 0)
    if (score > best) {
      nearest = candidate
      best = score
    }
  }
  return nearest
}

function match(text: unknown): RegExpExecArray | null {
  return isScope(text) ? SCOPE.exec(text) : null
}

/** The error for a value that is not a scope. */
export function scopeFault(text: unknown): ScopeError {
  return new ScopeError("invalid_scope", `scope ${faultOf(text)}`)
}

function faultOf(text: unknown): string {
  if (typeof text !== "string") return "is not a string"
  if (text.length > MAX_SCOPE_LENGTH) return `is longer than ${MAX_SCOPE_LENGTH} bytes`
  const forbidden = text.search(/[^!#-+\--[\]-~]/)
  if (forbidden !== -1) {
    return `has a character at position ${forbidden} that is not allowed: use printable ASCII without space, comma, quote and backslash`
  }
  const parts = text.split(":")
  if (parts.length < 3) return `has ${parts.length} of 3 parts: write action:resource:identifier`
  if (parts[0] === "" || parts[1] === "" || parts.slice(2).join(":") === "")
    return "has an empty part: write action:resource:identifier"
  return "has a * in the wrong place: it is allowed only as the whole identifier"
}
