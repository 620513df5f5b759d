import type { AuditEventType, EventDraft } from "@agentwrit/audit"
import type { Claims } from "@agentwrit/core"
import type { AuthorityContext, Caller } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { type Change, type Committed, UnavailableError } from "./store.ts"

/** The identifying members of an event, taken from a verified token. */
export type Subject = Pick<EventDraft, "agent_id" | "task_id" | "orch_id" | "deleg_depth" | "deleg_chain_hash">

/** Names in the trail the holder of a verified token, and the chain through which it holds it. */
export function subjectOf(claims: Claims): Subject {
  const chain = claims.delegation_chain
  return {
    agent_id: claims.sub,
    ...(claims.task_id !== undefined && { task_id: claims.task_id }),
    ...(claims.orch_id !== undefined && { orch_id: claims.orch_id }),
    ...(chain !== undefined && { deleg_depth: chain.length }),
    ...(claims.chain_hash !== undefined && { deleg_chain_hash: claims.chain_hash }),
  }
}

/** Commits a change, its events' free text redacted; a store that cannot commit becomes the refusal that the client reads. */
export async function commit(context: AuthorityContext, change: Change): Promise<Committed> {
  const events = change.events.map((event) => ({ ...event, detail: context.redact(event.detail) }))
  const began = performance.now()
  try {
    const committed = await context.store.commit({ ...change, events })
    context.observer.committed?.(committed.events, (performance.now() - began) / 1000)
    return committed
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error
    context.observer.storeFailed?.("commit")
    throw new Refusal("unavailable", {
      detail: "the broker cannot store changes at the moment",
      reason: error.message,
      hint:
        error.code === "failed"
          ? "whether it was done is unknown until the broker has restarted"
          : "nothing was changed; try again",
      retryAfter: error.code === "failed" ? 5 : 1,
      cause: error,
    })
  }
}

/** What a denial's events share. */
export interface Denial {
  /** Usually one; the events differ in type alone. */
  readonly types: readonly AuditEventType[]
  readonly caller: Caller
  readonly subject?: Subject
}

/**
 * Writes the denial to the trail, then throws the refusal; in a flood the trail gets their number. A store that cannot commit
 * keeps nothing from being denied: the host is told instead.
 */
export async function deny(context: AuthorityContext, denial: Denial, refusal: Refusal): Promise<never> {
  for (const eventType of denial.types) context.observer.denied?.(eventType)
  const events = denial.types.map(
    (event_type): EventDraft => ({
      event_type,
      ...denial.subject,
      detail: refusal.reason,
      resource: denial.caller.resource,
      outcome: "denied",
    }),
  )
  if (!context.denials.admits(denial.caller.source, denial.subject?.agent_id)) {
    context.denials.fold(denial.caller.source, events)
    throw refusal
  }
  try {
    await commit(context, { writes: [], events })
  } catch (error) {
    for (const event of events)
      context.observer.unrecorded?.({ eventType: event.event_type, detail: context.redact(event.detail) }, error)
  }
  throw refusal
}
