import type { EventPage, EventQuery } from "@agentwrit/authority"
import { type Kysely, sql } from "kysely"
import type { Reader } from "./reader.ts"
import { toEvent } from "./rows.ts"
import type { Schema } from "./schema.ts"

/** A page of the trail and the count of all that match, each one query on the reader's thread. */
export async function queryEvents(db: Kysely<Schema>, reader: Reader, query: EventQuery): Promise<EventPage> {
  return isUnfiltered(query) ? unfilteredPage(db, reader, query) : filteredPage(db, reader, query)
}

const isUnfiltered = ({ limit: _limit, offset: _offset, after: _after, ...filters }: EventQuery): boolean =>
  Object.values(filters).every((filter) => filter === undefined)

/** The numbers of the events have no gap, so that neither counting nor skipping has to look at them. */
async function unfilteredPage(
  db: Kysely<Schema>,
  reader: Reader,
  { after = 0, offset, limit }: EventQuery,
): Promise<EventPage> {
  const [rows, newest] = await Promise.all([
    reader.all(
      db
        .selectFrom("events")
        .selectAll()
        .where("seq", ">", after + offset)
        .orderBy("seq")
        .limit(limit),
    ),
    reader.all(db.selectFrom("events").select((eb) => eb.fn.max("seq").as("seq"))),
  ])
  return { events: rows.map(toEvent), total: Math.max(0, Number(newest[0]?.seq ?? 0) - after) }
}

async function filteredPage(db: Kysely<Schema>, reader: Reader, query: EventQuery): Promise<EventPage> {
  const matching = filtered(db, query)
  const [rows, counts] = await Promise.all([
    reader.all(matching.selectAll().orderBy("seq").limit(query.limit).offset(query.offset)),
    reader.all(matching.select((eb) => eb.fn.countAll<number>().as("total"))),
  ])
  return { events: rows.map(toEvent), total: counts[0]?.total ?? 0 }
}

function filtered(db: Kysely<Schema>, query: EventQuery) {
  let matching = db.selectFrom("events")
  if (query.agentId !== undefined) matching = matching.where("agent_id", "=", query.agentId)
  if (query.taskId !== undefined) matching = matching.where("task_id", "=", query.taskId)
  if (query.eventType !== undefined) matching = matching.where("event_type", "=", query.eventType)
  // SQLite would take the index of denials before those that find less; a plus keeps it from that.
  const isNarrow = (query.agentId ?? query.taskId ?? query.eventType) !== undefined
  const outcome = isNarrow ? sql<string>`+${sql.ref("outcome")}` : sql.ref<string>("outcome")
  if (query.outcome !== undefined) matching = matching.where(outcome, "=", query.outcome)
  if (query.since !== undefined) matching = matching.where("timestamp", ">=", query.since)
  if (query.until !== undefined) matching = matching.where("timestamp", "<=", query.until)
  if (query.after !== undefined) matching = matching.where("seq", ">", query.after)
  return matching
}
