import { nearestScope } from "@agentwrit/core"

/** Tells a caller that proved itself what it lacks and the nearest that there is, so that it can mend its request (CONTRACT 1). */
export function scopeHint(missing: readonly string[], there: readonly string[], word: "held" | "allowed"): string {
  const nearest = missing[0] === undefined ? undefined : nearestScope(missing[0], there)
  return `missing: ${missing.join(" ")}${nearest === undefined ? "" : `; nearest ${word}: ${nearest}`}`
}
