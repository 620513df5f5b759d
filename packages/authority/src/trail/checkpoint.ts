import type { AuthorityContext } from "../context.ts"
import { messageOf } from "../message-of.ts"
import { UnavailableError } from "../ports/change.ts"
import { Refusal } from "../refusal.ts"

/** A signed checkpoint over every commit that was answered before the call (CONTRACT 3, `GET /v1/audit/checkpoint`). */
export async function signedCheckpoint(context: AuthorityContext): Promise<string> {
  const { origin, auditKeys, store, trailStatus } = context
  if (trailStatus.problem !== undefined)
    throw new Refusal("unavailable", {
      detail: "no checkpoint is signed while the trail does not verify",
      reason: trailStatus.problem,
      retryAfter: 60,
    })
  try {
    const { note, size } = await store.trail.seal((head) => auditKeys.sign({ origin, ...head }))
    await keep(context, note)
    await store.trail.forgetCheckpoints(size)
    return note
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    context.observer.storeFailed?.("checkpoint")
    throw new Refusal("unavailable", {
      detail: "the broker cannot store a checkpoint at the moment",
      reason: error.message,
      retryAfter: 1,
      cause: error,
    })
  }
}

/**
 * Signs the periodic checkpoint, unless another broker is doing so. Tells the observer of a failure instead of
 * rejecting.
 */
export async function signPeriodicCheckpoint(context: AuthorityContext): Promise<void> {
  const { housekeeping } = context.store
  if (context.trailStatus.problem !== undefined || housekeeping.health().trailSize === 0) return
  try {
    await housekeeping.withLease("sealing", () => signedCheckpoint(context))
  } catch (error) {
    context.observer.checkpointFailed?.(error)
  }
}

/** An anchor that holds a contradicting checkpoint means that the trail was changed. */
async function keep(context: AuthorityContext, note: string): Promise<void> {
  try {
    await context.anchor.keep(note)
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    context.trailStatus.problem ??= `the newest checkpoint could not be kept: ${messageOf(error)}`
    throw new UnavailableError("failed", context.trailStatus.problem, { cause: error })
  }
}
