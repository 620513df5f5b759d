import { sequenceOf } from "@agentwrit/audit"
import type { AuditEvent } from "@agentwrit/contract"
import type { AgentWritAdmin, EventsFilter } from "@agentwrit/sdk/admin"
import { pageFromEnd } from "./oldest-first.ts"

/** The last events that match, oldest first, and the position after which every event is new. */
export async function latestEvents(
  admin: AgentWritAdmin,
  filter: EventsFilter,
  limit: number,
  signal: AbortSignal,
): Promise<{ readonly events: readonly AuditEvent[]; readonly after: number }> {
  // Read the position first: events that come meanwhile are then new.
  const { total: after } = await admin.listEvents({ limit: 1 }, { signal })
  const { rows } = await pageFromEnd({ limit }, async (page) => {
    const { events, ...fields } = await admin.listEvents({ ...filter, ...page }, { signal })
    return { rows: events, ...fields }
  })
  return { events: rows.filter(({ id }) => (sequenceOf(id) ?? 0) <= after).toReversed(), after }
}
