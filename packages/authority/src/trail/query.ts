import type { AuditEvent } from "@agentwrit/audit"
import type { AuthorityContext } from "../context.ts"
import type { EventPage, EventQuery } from "../ports/trail.ts"

/** Bytes of a page of events (CONTRACT 4). */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/** Events that are read from the store at a time. Events of earlier versions may be large. */
const BATCH_SIZE = 100

/** A page of the audit trail (CONTRACT 3, `GET /v1/audit/events`). It ends early at 4 MiB, and holds at least one event. */
export async function queryEvents({ store }: AuthorityContext, query: EventQuery): Promise<EventPage> {
  const page: AuditEvent[] = []
  let bytes = 0
  for (;;) {
    const limit = Math.min(BATCH_SIZE, query.limit - page.length)
    const { events, total } = await store.trail.events({ ...query, limit, offset: query.offset + page.length })
    for (const event of events) {
      bytes += Buffer.byteLength(JSON.stringify(event))
      if (bytes > MAX_PAGE_BYTES && page.length > 0) return { events: page, total }
      page.push(event)
    }
    if (events.length < limit || page.length === query.limit) return { events: page, total }
  }
}
