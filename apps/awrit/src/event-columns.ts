import type { AuditEvent } from "@agentwrit/contract"
import type { Column } from "./table.ts"
import { visible } from "./text.ts"

/** The columns of an event table. */
export const EVENT_COLUMNS: readonly Column<AuditEvent>[] = [
  { title: "EVENT", cell: ({ id }) => id },
  { title: "TIME", cell: ({ timestamp }) => timestamp },
  { title: "TYPE", cell: ({ event_type }) => event_type },
  { title: "OUTCOME", cell: ({ outcome = "" }) => outcome },
  { title: "SUBJECT", cell: ({ agent_id = "" }) => agent_id },
  { title: "DETAIL", cell: ({ detail }) => detail, cuttable: true },
]

/** One event on one line, for --follow, where column widths are not known in advance. */
export function eventLine(event: AuditEvent): string {
  const { id, timestamp, event_type, outcome = "", agent_id = "", detail } = event
  return visible([id, timestamp, event_type, outcome, agent_id, detail].filter((part) => part !== "").join("  "))
}
