import { type AuditEvent, chainEvent, type EventDraft, RightEdge, type TrailState } from "@agentwrit/audit"
import type { EventQuery, StoredCheckpoint } from "@agentwrit/authority/ports"
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

/** The end of the trail inside the open transaction. */
export interface TrailEnd extends TrailState {
  /** Size of the newest checkpoint; 0 when there is none. */
  readonly sealed: number
}

/** An event to store. */
export interface NewEvent {
  readonly event: AuditEvent
  readonly sequence: number
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number
}

/** Chains events that follow an end of the trail. */
export function chain(
  drafts: readonly EventDraft[],
  now: number,
  start: TrailEnd,
): { readonly events: readonly NewEvent[]; readonly end: TrailEnd } {
  const timestamp = new Date(now).toISOString()
  const edge = start.edge.copy()
  let { sequence, prevHash } = start
  const events = drafts.map((draft) => {
    const { event, leafHash } = chainEvent(draft, { sequence: ++sequence, timestamp, prevHash })
    edge.append(leafHash)
    prevHash = event.hash
    return { event, sequence, timestamp: now }
  })
  return { events, end: { ...start, sequence, prevHash, edge } }
}

/** Stores events by one statement, however many there are. */
export function insertEvents(added: readonly NewEvent[]): Query {
  const column = (value: (event: AuditEvent) => string | undefined) => added.map(({ event }) => value(event) ?? null)
  return sql`
    insert into events (seq, timestamp, event_type, actor, agent_id, task_id, outcome, gives_rights, event)
    select seq, timestamp, event_type, actor, agent_id, task_id, outcome, gives_rights = 1, event::json from unnest(
      ${added.map(({ sequence }) => sequence)}::bigint[], ${added.map(({ timestamp }) => timestamp)}::bigint[],
      ${column((event) => event.event_type)}::text[], ${column((event) => event.actor)}::text[],
      ${column((event) => event.agent_id)}::text[], ${column((event) => event.task_id)}::text[],
      ${column((event) => event.outcome)}::text[],
      ${added.map(({ event }) => (event.data === undefined ? 0 : 1))}::int[],
      ${column((event) => JSON.stringify(event))}::text[]
    ) as added (seq, timestamp, event_type, actor, agent_id, task_id, outcome, gives_rights, event)`
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
