import { sequenceOf } from "@agentwrit/audit"
import { AUDIT_EVENT_TYPES, type AuditEvent, auditEventsQuery } from "@agentwrit/contract"
import type { EventsQuery } from "@agentwrit/sdk/admin"
import type { Arguments, Command, Given } from "../command.ts"
import type { Context } from "../context.ts"
import { command } from "../define-command.ts"
import { UsageError } from "../errors.ts"
import { EVENT_COLUMNS, eventLine } from "../event-columns.ts"
import { numeric, readFlags } from "../flags.ts"
import { pageNote } from "../page-note.ts"
import { visible } from "../text.ts"

/** Events that are shown before those that come, as the tail of a log. */
const BEFORE = 10

const ARGS = {
  "event-type": { type: "string", value: "TYPE", description: "What happened", choices: AUDIT_EVENT_TYPES },
  "agent-id": {
    type: "string",
    value: "ID",
    description: "Who acted: an agent id or app:{app_id}; or what was revoked",
  },
  "task-id": { type: "string", value: "ID", description: "The task" },
  outcome: { type: "string", value: "OUTCOME", description: "How it ended", choices: ["success", "denied"] },
  since: { type: "string", value: "TIME", description: "At or after this instant, such as 2026-03-29T00:00:00Z" },
  until: { type: "string", value: "TIME", description: "At or before this instant" },
  after: { type: "string", value: "EVENT", description: "Only events after this one, such as evt-000042" },
  limit: { type: "string", value: "N", description: "How many at most, 1 to 1000; default 100, with --follow 10" },
  offset: { type: "string", value: "N", description: "How many to skip" },
  follow: { type: "boolean", description: "Go on with each new event as it comes" },
} as const satisfies Arguments

/** `awrit audit events` */
export const auditEvents: Command = command({
  name: "audit events",
  summary: "Show events of the audit trail, in the chain's order",
  details: [
    "--follow shows the last few events that match and then each new one as it comes, until Ctrl-C; with --json an event a line. It goes on after the broker was away.",
  ],
  args: ARGS,
  examples: [
    "awrit audit events --event-type token_revoked",
    "awrit audit events --since 2026-03-29T00:00:00Z --limit 50",
    "awrit audit events --follow --outcome denied",
  ],
  async run(given, context) {
    const query = readFlags(auditEventsQuery, {
      agent_id: given["agent-id"],
      task_id: given["task-id"],
      event_type: given["event-type"],
      outcome: given.outcome,
      since: given.since,
      until: given.until,
      after: given.after,
      limit: numeric(given.limit),
      offset: numeric(given.offset),
    })
    if (given.follow) {
      checkFollowing(given)
      await follow(given.limit === undefined ? { ...query, limit: BEFORE } : query, context)
      return
    }
    const page = await (await context.admin()).listEvents(query, context.answer)
    await context.out.table(page.events, EVENT_COLUMNS)
    context.out.note(pageNote(page.events.length, page, "event"))
  },
})

function checkFollowing({ after, limit, offset, since, until }: Given<typeof ARGS>): void {
  if (offset !== undefined) throw new UsageError("--offset cannot be given with --follow")
  if (until !== undefined) throw new UsageError("--until cannot be given with --follow, which goes on until Ctrl-C")
  if (limit !== undefined && (after !== undefined || since !== undefined))
    throw new UsageError(
      "--limit with --follow says how many earlier events to show; --since and --after show all of them",
    )
}

/** Shows the tail of what matches, or all since a given place, and then what comes. */
async function follow({ limit = BEFORE, offset: _, ...filter }: EventsQuery, context: Context): Promise<void> {
  const { out } = context
  const signal = out.gone
  const admin = await context.admin()
  const show = (event: AuditEvent): Promise<void> => out.line(out.json ? JSON.stringify(event) : eventLine(event))
  let after = filter.after ?? 0
  if (filter.after === undefined && filter.since === undefined) {
    // Before the tail is read, so that what comes meanwhile is told by following.
    after = (await admin.listEvents({ limit: 1 }, { signal })).total
    const { total } = await admin.listEvents({ ...filter, limit: 1 }, { signal })
    const { events } = await admin.listEvents({ ...filter, limit, offset: Math.max(0, total - limit) }, { signal })
    for (const event of events) await show(event)
    after = Math.max(after, sequenceOf(events.at(-1)?.id ?? "") ?? 0)
  }
  let told = ""
  const onTrouble = ({ message }: Error): void => {
    // An outage is told once, not at every attempt.
    if (message !== told) out.warn(`awrit: ${visible(message)}; trying again`, "yellow")
    told = message
  }
  for await (const event of admin.followEvents({ ...filter, after }, { signal, onTrouble })) {
    told = ""
    await show(event)
  }
}
