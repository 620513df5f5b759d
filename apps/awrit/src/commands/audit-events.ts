import { AUDIT_EVENT_TYPES, type AuditEvent, auditEventsQuery } from "@agentwrit/contract"
import type { AgentWritAdmin, EventsQuery } from "@agentwrit/sdk/admin"
import { subjectOf } from "../app-id.ts"
import type { Arguments, Given } from "../arguments.ts"
import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"
import { EVENT_COLUMNS, eventLine } from "../event-columns.ts"
import { readFlags } from "../flags.ts"
import { latestEvents } from "../latest-events.ts"
import { OLDEST_FLAG, pageFromEnd } from "../oldest-first.ts"
import type { Output } from "../output.ts"
import { pageNote } from "../page-note.ts"
import { visible } from "../text.ts"
import { instantOf } from "../time.ts"

/** Earlier events that --follow shows first. */
const TAIL_EVENTS = 10

const ARGS = {
  "event-type": { type: "string", value: "TYPE", description: "Only events of this type", choices: AUDIT_EVENT_TYPES },
  "agent-id": {
    type: "string",
    value: "ID",
    description: "Only events of this subject: an agent id, app:{id or name}, or a revocation target",
  },
  actor: { type: "string", value: "ID", description: "Only events of this actor: admin, or app:{id or name}" },
  "task-id": { type: "string", value: "ID", description: "Only events of this task" },
  outcome: {
    type: "string",
    value: "OUTCOME",
    description: "Only events with this outcome",
    choices: ["success", "denied"],
  },
  since: {
    type: "string",
    value: "TIME",
    description: "Only events at or after this time, such as 2026-03-29T00:00:00Z, or as long ago as 15m, 1h or 7d",
  },
  until: { type: "string", value: "TIME", description: "Only events at or before this time" },
  after: { type: "string", value: "EVENT", description: "Only events after this one, such as evt-000042" },
  limit: {
    type: "number",
    value: "N",
    description: "The maximum number of events, 1 to 1000; default 100, with --follow 10",
  },
  offset: { type: "number", value: "N", description: "The number of events to skip" },
  oldest: OLDEST_FLAG,
  follow: { type: "boolean", description: "Keep showing new events until Ctrl-C" },
} as const satisfies Arguments

/** `awrit audit events` */
export const auditEvents: Command = command({
  name: "audit events",
  summary: "Show events of the audit trail",
  details: [
    "Newest first on a terminal, where --oldest turns the order. Otherwise oldest first, which is the order of the chain.",
    "--follow shows the last matching events and then each new one, also after an outage. It shows the oldest first. With --json it prints one event per line.",
  ],
  args: ARGS,
  examples: [
    "awrit audit events --event-type token_revoked",
    "awrit audit events --since 1h --limit 50",
    "awrit audit events --follow --outcome denied",
  ],
  async run({ follow: isFollowing, oldest, ...given }, context) {
    if (isFollowing) checkFollowing(given)
    const { out } = context
    const admin = await context.admin()
    const filter = {
      ...given,
      since: instantOf(given.since),
      until: instantOf(given.until),
      "agent-id": await subjectOf(given["agent-id"], "--agent-id", admin),
      actor: await subjectOf(given.actor, "--actor", admin),
    }
    const query = readFlags(auditEventsQuery, filter)
    if (isFollowing) {
      await follow(given.limit === undefined ? { ...query, limit: TAIL_EVENTS } : query, admin, out)
      return
    }
    const list = async (page: EventsQuery, options = context.answer) => {
      const { events: rows, ...fields } = await admin.listEvents({ ...query, ...page }, options)
      return { rows, ...fields }
    }
    const isNewestFirst = out.isOnTerminal && !oldest
    const page = await (isNewestFirst ? pageFromEnd(query, (part) => list(part, { signal: out.gone })) : list({}))
    await out.table(page.rows, EVENT_COLUMNS)
    out.note(pageNote(page.rows.length, page, "event"))
  },
})

function checkFollowing({ after, limit, offset, since, until }: Omit<Given<typeof ARGS>, "follow" | "oldest">): void {
  if (offset !== undefined) throw new UsageError("--offset cannot be given with --follow")
  if (until !== undefined) throw new UsageError("--until cannot be given with --follow, which runs until Ctrl-C")
  if (limit !== undefined && (after !== undefined || since !== undefined))
    throw new UsageError(
      "--limit with --follow is the number of earlier events to show, but --since and --after show all of them",
    )
}

/** Shows the last matching events, or all since a given point, and then new ones. */
async function follow(
  { limit = TAIL_EVENTS, offset: _, ...filter }: EventsQuery,
  admin: AgentWritAdmin,
  out: Output,
): Promise<void> {
  const signal = out.gone
  const show = (event: AuditEvent): Promise<void> => (out.isForPrograms ? out.item(event) : out.line(eventLine(event)))
  let after = filter.after ?? 0
  if (filter.after === undefined && filter.since === undefined) {
    const latest = await latestEvents(admin, filter, limit, signal)
    for (const event of latest.events) await show(event)
    after = latest.after
  }
  let lastWarning = ""
  const onTrouble = ({ message }: Error): void => {
    // Warn once per outage, not at every attempt.
    if (message !== lastWarning) out.warn(`awrit: ${visible(message)}; trying again`, "yellow")
    lastWarning = message
  }
  for await (const event of admin.followEvents({ ...filter, after }, { signal, onTrouble })) {
    lastWarning = ""
    await show(event)
  }
}
