import type { AuthorityContext } from "../context.ts"
import { type Change, type Committed, type ConflictCode, ConflictError, UnavailableError } from "../ports/change.ts"
import { Refusal } from "../refusal.ts"
import { boundedDetail } from "./detail.ts"

/** The refusal for each condition of a change that may fail. */
export type ConflictRefusals = Partial<Record<ConflictCode, () => Refusal>>

/** A change, and the agent or app whose {@link TrailQuota} it counts for. */
export interface PaidChange extends Change {
  /** Absent: no quota, as for operators and maintenance. */
  readonly payer?: string | undefined
}

/**
 * Commits a change, with the free text of its events redacted and within its limit.
 * @param conflicts conflicts that are not listed here are thrown as {@link ConflictError}.
 * @throws {@link Refusal} `unavailable` when the store cannot commit, `rate_limited` when the payer's quota is used up.
 */
export async function commit(
  context: AuthorityContext,
  { payer, ...change }: PaidChange,
  conflicts: ConflictRefusals = {},
): Promise<Committed> {
  const events = change.events.map((event) => ({ ...event, detail: boundedDetail(context.redact(event.detail)) }))
  if (payer !== undefined) context.trailQuota.require(payer, { ...change, events })
  const began = performance.now()
  try {
    const committed = await context.store.commit({ ...change, events })
    context.observer.committed?.(committed.events, (performance.now() - began) / 1000)
    if (committed.events.length > 0) context.checkpoints.trailGrew()
    return committed
  } catch (error) {
    if (error instanceof ConflictError) throw conflicts[error.code]?.() ?? error
    if (!(error instanceof UnavailableError)) throw error
    context.observer.storeFailed?.("commit")
    throw unavailable(error)
  }
}

function unavailable(cause: UnavailableError): Refusal {
  const isUnknown = cause.code === "failed"
  return new Refusal("unavailable", {
    detail: "the broker cannot store changes at the moment",
    reason: cause.message,
    hint: isUnknown ? "the outcome is unknown until the broker has restarted" : "nothing was changed; try again",
    retryAfter: isUnknown ? 5 : 1,
    cause,
  })
}
