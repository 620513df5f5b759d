import { type AuditEvent, chainEvent, type EventDraft, RightEdge } from "@agentwrit/audit"
import type { EventQuery, StoredCheckpoint } from "@agentwrit/authority/ports"
import type { Step } from "./commit.ts"
import type { TrailEnd } from "./group-commit.ts"
import { filter, type Query, sql, where } from "./sql.ts"

export interface EventRow {
  readonly event: AuditEvent
}

export interface CheckpointRow {
  readonly size: number
  readonly root: Uint8Array
  readonly note: string
  /** The right edge of the tree at that size, from which verification continues. */
  readonly edge: Uint8Array
  /** Hash of the last event that the checkpoint covers. */
  readonly head_hash: Uint8Array
}

export const newestCheckpoint: Query<CheckpointRow> = sql`select * from checkpoints order by size desc limit 1`

/** Events with `after` < seq ≤ `upTo`, in the order of the chain. */
export const eventRange = (after: number, upTo: number): Query<EventRow> =>
  sql`select event from events where seq > ${after} and seq <= ${upTo} order by seq`

export const toCheckpoint = ({ size, root, note }: CheckpointRow): StoredCheckpoint => ({
  size,
  root: new Uint8Array(root),
  note,
})

/** Events that follow an end of the trail. */
export interface Appended {
  readonly events: readonly AuditEvent[]
  readonly step: Step | undefined
  readonly end: TrailEnd
}

/** Chains events, and makes the statement that stores them. */
export function append(drafts: readonly EventDraft[], now: number, start: TrailEnd): Appended {
  const timestamp = new Date(now).toISOString()
  const edge = start.edge.copy()
  let { sequence, prevHash } = start
  const events = drafts.map((draft) => {
    const { event, leafHash } = chainEvent(draft, { sequence: ++sequence, timestamp, prevHash })
    edge.append(leafHash)
    prevHash = event.hash
    return event
  })
  return { events, end: { ...start, sequence, prevHash, edge }, step: insertion(events, start.sequence, now) }
}

function insertion(events: readonly AuditEvent[], after: number, now: number): Step | undefined {
  if (events.length === 0) return undefined
  const column = <Value extends string | number>(value: (event: AuditEvent, at: number) => Value | undefined) =>
    events.map((event, at) => value(event, at) ?? null)
  return {
    query: sql`
      insert into events (seq, timestamp, event_type, actor, agent_id, task_id, outcome, gives_rights, event)
      select seq, ${now}, event_type, actor, agent_id, task_id, outcome, gives_rights = 1, event::json from unnest(
        ${column((_, at) => after + at + 1)}::bigint[], ${column((event) => event.event_type)}::text[],
        ${column((event) => event.actor)}::text[], ${column((event) => event.agent_id)}::text[],
        ${column((event) => event.task_id)}::text[], ${column((event) => event.outcome)}::text[],
        ${column((event) => (event.data === undefined ? 0 : 1))}::int[],
        ${column((event) => JSON.stringify(event))}::text[]
      ) as added (seq, event_type, actor, agent_id, task_id, outcome, gives_rights, event)`,
  }
}

/** The page of events that a query asks for. */
export function selectEvents(query: EventQuery): Query<EventRow> {
  const { after = 0, limit, offset } = query
  if (isFiltered(query))
    return sql`select event from events ${matching(query)} order by seq limit ${limit} offset ${offset}`
  // Sequence numbers have no gaps, so a page does not read the rows before it.
  return sql`select event from events where seq > ${after + offset} order by seq limit ${limit}`
}

/** The number of events on all pages. */
export function countEvents(query: EventQuery): Query<{ readonly total: number }> {
  if (isFiltered(query)) return sql`select count(*) as total from events ${matching(query)}`
  return sql`select greatest(0, size - ${query.after ?? 0}) as total from head`
}

const isFiltered = ({ actor, agentId, taskId, eventType, outcome, since, until }: EventQuery): boolean =>
  [actor, agentId, taskId, eventType, outcome, since, until].some((value) => value !== undefined)

const matching = ({ actor, agentId, taskId, eventType, outcome, since, until, after }: EventQuery): Query =>
  where(
    filter(actor, (value) => sql`actor = ${value}`),
    filter(agentId, (value) => sql`agent_id = ${value}`),
    filter(taskId, (value) => sql`task_id = ${value}`),
    filter(eventType, (value) => sql`event_type = ${value}`),
    filter(outcome, (value) => sql`outcome = ${value}`),
    filter(since, (value) => sql`timestamp >= ${value}`),
    filter(until, (value) => sql`timestamp <= ${value}`),
    filter(after, (value) => sql`seq > ${value}`),
  )

/** The tree that is kept with a checkpoint; an empty one when it cannot be read. */
export function readEdge(bytes: Uint8Array): RightEdge {
  try {
    return RightEdge.fromBytes(bytes)
  } catch {
    return new RightEdge()
  }
}
