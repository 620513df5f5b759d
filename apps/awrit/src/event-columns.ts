import type { AuditEvent } from "@agentwrit/contract"
import type { Column } from "./table.ts"
import { visible } from "./text.ts"

/** An event's columns. */
export const EVENT_COLUMNS: readonly Column<AuditEvent>[] = [
  { title: "EVENT", cell: ({ id }) => id },
  { title: "TIME", cell: ({ timestamp }) => timestamp },
  { title: "TYPE", cell: ({ event_type }) => event_type },
  { title: "OUTCOME", cell: ({ outcome = "" }) => outcome },
  { title: "SUBJECT", cell: ({ agent_id = "" }) => agent_id },
  { title: "DETAIL", cell: ({ detail }) => detail, cuttable: true },
]

/** An event as it comes, on a line: nobody knows yet how wide the next will be. */
export function eventLine(event: AuditEvent): string {
  const { id, timestamp, event_type, outcome = "", agent_id = "", detail } = event
  return visible([id, timestamp, event_type, outcome, agent_id, detail].filter((part) => part !== "").join("  "))
}
