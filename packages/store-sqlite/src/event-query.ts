import type { EventQuery } from "@agentwrit/authority/ports"
import { filter, type Query, sql, where } from "./sql.ts"
import type { EventRow } from "./trail-rows.ts"

/** The page of events that a query asks for. */
export function selectEvents(query: EventQuery): Query<EventRow> {
  const { after = 0, limit, offset } = query
  if (isFiltered(query))
    return sql`select * from events ${matching(query)} order by seq limit ${limit} offset ${offset}`
  // Sequence numbers have no gaps, so a page does not read the rows before it.
  return sql`select * from events where seq > ${after + offset} order by seq limit ${limit}`
}

/** The number of events on all pages. */
export function countEvents(query: EventQuery): Query<{ readonly total: number }> {
  if (isFiltered(query)) return sql`select count(*) as total from events ${matching(query)}`
  return sql`select max(0, ifnull(max(seq), 0) - ${query.after ?? 0}) as total from events`
}

const isFiltered = ({ actor, agentId, taskId, eventType, outcome, since, until }: EventQuery): boolean =>
  [actor, agentId, taskId, eventType, outcome, since, until].some((value) => value !== undefined)

function matching({ actor, agentId, taskId, eventType, outcome, since, until, after }: EventQuery): Query {
  // SQLite would prefer the index of denials to more selective ones; the plus prevents it.
  const isSelective = (actor ?? agentId ?? taskId ?? eventType) !== undefined
  return where(
    filter(actor, (value) => sql`actor = ${value}`),
    filter(agentId, (value) => sql`agent_id = ${value}`),
    filter(taskId, (value) => sql`task_id = ${value}`),
    filter(eventType, (value) => sql`event_type = ${value}`),
    filter(outcome, (value) => (isSelective ? sql`+outcome = ${value}` : sql`outcome = ${value}`)),
    filter(since, (value) => sql`timestamp >= ${value}`),
    filter(until, (value) => sql`timestamp <= ${value}`),
    filter(after, (value) => sql`seq > ${value}`),
  )
}
