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
  { revocations, pendingCutoffs }: AuthorityContext,
  targets: readonly RevocationTarget[],
  issuedAt: number,
): void {
  const covering = targets.find(
    (target) =>
      hasCutoff(target.level) && (pendingCutoffs.has(keyOf(target)) || revocations.isRevoked(target, issuedAt)),
  )
  if (covering === undefined) return
  throw new Refusal("unavailable", {
    detail: "tokens were revoked in this second; try again in the next",
    reason: `a revocation at level ${covering.level} covers this second: ${covering.target}`,
    retryAfter: 1,
  })
}

/**
 * Commits a revocation with a cutoff. Until it is on disk nothing that it covers is issued: a token of a later second
 * would not be covered although its commit comes first.
 */
export async function whileIssuingStops<T>(
  { pendingCutoffs }: AuthorityContext,
  target: RevocationTarget,
  commitAll: () => Promise<T>,
): Promise<T> {
  const key = keyOf(target)
  // A second revocation of the same target covers what the first one covers.
  const isFirst = hasCutoff(target.level) && !pendingCutoffs.has(key)
  if (isFirst) pendingCutoffs.add(key)
  try {
    return await commitAll()
  } finally {
    if (isFirst) pendingCutoffs.delete(key)
  }
}

const keyOf = ({ level, target }: RevocationTarget): string => `${level}:${target}`
