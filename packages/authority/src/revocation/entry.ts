import { hasCutoff, type RevocationTarget } from "@agentwrit/core"
import { toUnixSeconds } from "../ports/clock.ts"
import type { Revocation } from "../ports/revocation-log.ts"
import { retention } from "./retention.ts"

/**
 * A revocation of a target with everything that was delegated from it, as the log gets it.
 * @param revokedAt milliseconds since the Unix epoch. Levels `app` and `all` cover what was issued up to that second.
 * @param expiresAt when the last token that it covers expires; `null`: never.
 */
export function revocationOf(
  { level, target }: RevocationTarget,
  revokedAt: number,
  expiresAt: number | null = null,
): Revocation {
  const cutoff = hasCutoff(level) && { before: toUnixSeconds(revokedAt) }
  return { level, target, revokedAt, ...cutoff, ...retention(expiresAt) }
}
