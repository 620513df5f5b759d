import type { AuditEvent } from "@agentwrit/audit"
import type { AuthorityContext } from "../context.ts"
import type { EventPage, EventQuery } from "../ports/trail.ts"

/** Bytes of a page of events (CONTRACT 4). */
const MAX_PAGE_BYTES = 4 * 1024 * 1024

/** Events that are read first. Events of earlier versions may be large. */
const FIRST_BATCH_SIZE = 100

/**
 * A page of the audit trail (CONTRACT 3, `GET /v1/audit/events`). It ends early at 4 MiB, and holds at least one event.
 */
export async function queryEvents({ store }: AuthorityContext, query: EventQuery): Promise<EventPage> {
  const page: AuditEvent[] = []
  let bytes = 0
  for (;;) {
    // As many as the rest of the page has room for, if they are like those before: each read counts all matches.
    const room = page.length === 0 ? FIRST_BATCH_SIZE : Math.ceil(((MAX_PAGE_BYTES - bytes) * page.length) / bytes)
    const limit = Math.min(Math.max(room, 1), query.limit - page.length)
    const { events, total } = await store.trail.events({ ...query, limit, offset: query.offset + page.length })
    for (const event of events) {
      bytes += Buffer.byteLength(JSON.stringify(event))
      if (bytes > MAX_PAGE_BYTES && page.length > 0) return { events: page, total }
      page.push(event)
    }
    if (events.length < limit || page.length === query.limit) return { events: page, total }
  }
}
