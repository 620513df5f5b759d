import { REVOKE_ALL_TARGET, revocationDigest } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import { openKeys } from "../keys/open-keys.ts"
import { toUnixSeconds } from "../ports/clock.ts"

/**
 * Verifies tables that are not as the broker left them: those of a version without a seal, or of an edited database.
 * They are accepted when nothing is wrong, and otherwise locked.
 * @returns the first fault.
 */
export async function verifyChangedTables(context: AuthorityContext, signal: AbortSignal): Promise<string | undefined> {
  const { store, recordsKey, trailStatus } = context
  const problem = trailStatus.problem ?? (await store.trail.verify(signal, { atOnce: true, recordsKey }))
  if (problem !== undefined) {
    trailStatus.problem = problem
    lockTables(context)
    return problem
  }
  await store.trail.acceptTables()
  if (trailStatus.isLocked) {
    trailStatus.isLocked = false
    await openKeys(context)
  }
  return undefined
}

/**
 * In an edited database nobody can say what was revoked: what was issued up to now ends, and apps, launch tokens and the
 * key ring count as absent.
 */
export function lockTables({ trailStatus, revocations, keys, clock }: AuthorityContext): void {
  if (trailStatus.isLocked) return
  trailStatus.isLocked = true
  keys.forget()
  const digest = revocationDigest("all", REVOKE_ALL_TARGET)
  revocations.apply({ level: "all", digest, before: toUnixSeconds(clock.latest()) }, null)
}
