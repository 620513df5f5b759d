import { boundedPage } from "../bounded-page.ts"
import type { AuthorityContext } from "../context.ts"
import type { EventPage, EventQuery } from "../ports/trail.ts"

/** A page of the audit trail (CONTRACT 3, `GET /v1/audit/events`). It ends early at 4 MiB. */
export async function queryEvents({ store }: AuthorityContext, query: EventQuery): Promise<EventPage> {
  const { entries, total } = await boundedPage(query, async (limit, offset) => {
    const page = await store.trail.events({ ...query, limit, offset })
    return { entries: page.events, total: page.total }
  })
  return { events: entries, total }
}
