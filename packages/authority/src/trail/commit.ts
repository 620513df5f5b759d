import type { AuthorityContext } from "../context.ts"
import { type Change, type Committed, type ConflictCode, ConflictError, UnavailableError } from "../ports/change.ts"
import { Refusal } from "../refusal.ts"
import { rightsOf } from "../rights/rights.ts"
import { boundedDetail } from "./detail.ts"
import type { QuotaSubject } from "./trail-quota.ts"

/** The refusal for each condition of a change that may fail. */
export type ConflictRefusals = Partial<Record<ConflictCode, () => Refusal>>

/** A change, and the agents and apps whose quota of the trail it counts for. */
export interface MeteredChange extends Change {
  /** Absent: nobody's, as for operators and maintenance. */
  readonly quota?: readonly QuotaSubject[]
}

/**
 * Commits a change. Its first event tells what it gives or takes; the free text of its events is redacted and within its
 * limit.
 * @param conflicts conflicts that are not listed here are thrown as {@link ConflictError}.
 * @throws {@link Refusal} `unavailable` when the store cannot commit, `rate_limited` when a quota is used up.
 */
export async function commit(
  context: AuthorityContext,
  { quota = [], ...change }: MeteredChange,
  conflicts: ConflictRefusals = {},
): Promise<Committed> {
  const data = rightsOf(change.writes)
  if (data !== undefined && change.events.length === 0)
    throw new TypeError("a change that gives or takes a right needs an event that says so")
  const events = change.events.map((event, at) => ({
    ...event,
    detail: boundedDetail(context.redact(event.detail)),
    ...(at === 0 && data !== undefined && { data }),
  }))
  const charge = context.trailQuota.acquire(quota, events)
  const began = performance.now()
  try {
    const committed = await context.store.commit({ ...change, events })
    context.observer.committed?.(committed.events, (performance.now() - began) / 1000)
    if (committed.events.length > 0) context.checkpoints.trailGrew()
    return committed
  } catch (error) {
    charge.release()
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
