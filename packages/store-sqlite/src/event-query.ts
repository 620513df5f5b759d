import type { EventPage, EventQuery } from "@agentwrit/authority"
import type { Kysely } from "kysely"
import type { Reader } from "./reader.ts"
import { toEvent } from "./rows.ts"
import type { Schema } from "./schema.ts"

/** A page of the trail and the count of all that match, each one query on the reader's thread. */
export async function queryEvents(db: Kysely<Schema>, reader: Reader, query: EventQuery): Promise<EventPage> {
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
  if (query.outcome !== undefined) matching = matching.where("outcome", "=", query.outcome)
  if (query.since !== undefined) matching = matching.where("timestamp", ">=", query.since)
  if (query.until !== undefined) matching = matching.where("timestamp", "<=", query.until)
  if (query.after !== undefined) matching = matching.where("seq", ">", query.after)
  return matching
}
