import { nearestScope } from "@agentwrit/core"

/**
 * Names the missing scopes and the nearest available one, so that a proven caller can correct its request (CONTRACT 1).
 */
export function scopeHint(missing: readonly string[], available: readonly string[], word: "held" | "allowed"): string {
  const nearest = missing[0] === undefined ? undefined : nearestScope(missing[0], available)
  return `missing: ${missing.join(" ")}${nearest === undefined ? "" : `; nearest ${word}: ${nearest}`}`
}
