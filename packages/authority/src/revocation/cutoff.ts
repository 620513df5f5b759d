import { hasCutoff, type RevocationTarget } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import { Refusal } from "../refusal.ts"

/**
 * Requires that what is issued now is not revoked from the start. Levels `app` and `all` cover whole seconds, because
 * `iat` counts seconds: they also cover what is issued in the second of the revocation.
 * @param issuedAt Unix seconds.
 * @throws {@link Refusal} `unavailable`, to be tried again in the next second.
 */
export function requireAfterCutoffs(
  { revocations }: AuthorityContext,
  targets: readonly RevocationTarget[],
  issuedAt: number,
): void {
  const covering = targets.find((target) => hasCutoff(target.level) && revocations.isRevoked(target, issuedAt))
  if (covering === undefined) return
  throw new Refusal("unavailable", {
    detail: "tokens were revoked in this second; try again in the next",
    reason: `a revocation at level ${covering.level} covers this second: ${covering.target}`,
    retryAfter: 1,
  })
}
