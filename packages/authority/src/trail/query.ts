import type { AuthorityContext } from "../context.ts"
import type { EventPage, EventQuery } from "../ports/trail.ts"

/** A page of the audit trail (CONTRACT 3, `GET /v1/audit/events`). */
export function queryEvents(context: AuthorityContext, query: EventQuery): Promise<EventPage> {
  return context.store.trail.events(query)
}
