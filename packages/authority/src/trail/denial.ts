import type { AuditEventType, EventDraft } from "@agentwrit/audit"
import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { Refusal } from "../refusal.ts"
import { commit } from "./commit.ts"
import { originOf, type Subject, subjectOf } from "./event.ts"

/** A denied request, as the trail records it. */
export interface Denial {
  /** One event for each type; usually one. */
  readonly types: readonly AuditEventType[]
  readonly caller: Caller
  readonly subject?: Subject | undefined
  readonly reason: string
}

/**
 * Writes a denial to the trail. During a flood only the number of denials is written. Does not fail: when the store
 * cannot commit, the host's observer gets it.
 */
export async function writeDenial(
  context: AuthorityContext,
  { types, caller, subject, reason }: Denial,
): Promise<void> {
  for (const eventType of types) context.observer.denied?.(eventType)
  const events = types.map(
    (event_type): EventDraft => ({
      event_type,
      ...subject,
      detail: reason,
      ...originOf(caller),
      outcome: "denied",
    }),
  )
  const agentId = subject?.agent_id
  const isAdmitted = context.denials.admits(caller.source, agentId)
  if (!isAdmitted || (agentId !== undefined && !context.trailQuota.acquireDenials(agentId, events))) {
    context.denials.count(caller.source, events)
    return
  }
  try {
    await commit(context, { writes: [], events })
  } catch (error) {
    for (const { event_type, detail } of events)
      context.observer.unrecorded?.({ eventType: event_type, detail: context.redact(detail) }, error)
  }
}

/**
 * Records a refusal that the host decided before a use case saw the request, for example of a malformed body. The host
 * then throws it.
 * @param eventType the event of a refusal that names none.
 * @param principal claims of the caller's token, when it presented a good one.
 */
export function recordDenial(
  context: AuthorityContext,
  caller: Caller,
  eventType: AuditEventType,
  refusal: Refusal,
  principal?: Claims,
): Promise<void> {
  const subject = principal && subjectOf(principal)
  return writeDenial(context, { types: refusal.events ?? [eventType], caller, subject, reason: refusal.reason })
}
