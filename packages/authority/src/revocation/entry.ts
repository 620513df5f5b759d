import { hasCutoff, type RevocationTarget } from "@agentwrit/core"
import { type RememberingClock, toUnixSeconds } from "../ports/clock.ts"
import type { Revocation } from "../ports/revocation-log.ts"
import { retention } from "./retention.ts"

/** When a revocation was made and ends, in milliseconds since the Unix epoch. */
export interface RevocationTimes {
  /** Default: now. */
  readonly revokedAt?: number | undefined
  /** When the last token that it covers expires; `null`: never. Default: `null`. */
  readonly expiresAt?: number | null
}

/**
 * A revocation of a target with everything that was delegated from it, as the log gets it. Levels `app` and `all` cover
 * what was issued up to now, also before the clock was set back.
 */
export function revocationOf(
  { level, target }: RevocationTarget,
  clock: RememberingClock,
  { revokedAt = clock.now(), expiresAt = null }: RevocationTimes = {},
): Revocation {
  const cutoff = hasCutoff(level) && { before: toUnixSeconds(clock.latest()) }
  return { level, target, revokedAt, ...cutoff, ...retention(expiresAt) }
}
