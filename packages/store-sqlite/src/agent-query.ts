import type { AgentPage, AgentQuery, AgentStatus } from "@agentwrit/authority"
import { type Expression, type Kysely, type RawBuilder, type Selectable, type SqlBool, sql } from "kysely"
import type { Reader } from "./reader.ts"
import { toAgentView } from "./rows.ts"
import type { AgentsTable, Schema } from "./schema.ts"

/** A row of a list: what an agent's view is made of. */
export type AgentViewRow = Pick<
  Selectable<AgentsTable>,
  "agent_id" | "orch_id" | "task_id" | "app_id" | "scope" | "registered_at" | "expires_at"
> & { readonly status: AgentStatus }

/** A page of the agents and the count of all that match, each one query on the reader's thread. */
export async function queryAgents(
  db: Kysely<Schema>,
  reader: Reader,
  query: AgentQuery,
  now: number,
): Promise<AgentPage> {
  const matching = filtered(db, query, now)
  const [rows, counts] = await Promise.all([
    reader.all(
      matching
        .select(["agent_id", "orch_id", "task_id", "app_id", "scope", "registered_at", "expires_at"])
        .select(statusAt(now).as("status"))
        .orderBy("seq", "desc")
        .limit(query.limit)
        .offset(query.offset),
    ),
    reader.all(matching.select((eb) => eb.fn.countAll<number>().as("total"))),
  ])
  return { agents: rows.map(toAgentView), total: counts[0]?.total ?? 0 }
}

/** How many agents are active at that instant. */
export async function countActiveAgents(db: Kysely<Schema>, reader: Reader, now: number): Promise<number> {
  const [count] = await reader.all(
    db
      .selectFrom("agents")
      .select((eb) => eb.fn.countAll<number>().as("active"))
      .where("expires_at", ">", now)
      .where("released_at", "is", null)
      .where("expired_at", "is", null)
      .where(sql<SqlBool>`not ${isRevoked}`),
  )
  return count?.active ?? 0
}

function filtered(db: Kysely<Schema>, query: AgentQuery, now: number) {
  let matching = db.selectFrom("agents")
  if (query.taskId !== undefined) matching = matching.where("task_id", "=", query.taskId)
  if (query.orchId !== undefined) matching = matching.where("orch_id", "=", query.orchId)
  if (query.appId !== undefined) matching = matching.where("app_id", "=", query.appId)
  if (query.status !== undefined) matching = matching.where(sql<SqlBool>`${statusAt(now)} = ${query.status}`)
  return matching
}

/** How an agent stands at that instant. */
function statusAt(now: number): RawBuilder<AgentStatus> {
  return sql<AgentStatus>`case
    when ${sql.ref("released_at")} is not null then 'released'
    when ${isRevoked} then 'revoked'
    when ${sql.ref("expires_at")} <= ${now} then 'expired'
    else 'active' end`
}

const listed = (level: string, target: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`exists (select 1 from revocations where level = ${sql.lit(level)} and target = ${sql.ref(`agents.${target}`)})`

/** Whether its token, its id or its task is listed (CONTRACT 2, "Active agent"). */
const isRevoked: Expression<SqlBool> = sql<SqlBool>`(${sql.ref("agents.revoked_at")} is not null or ${listed("agent", "agent_id")} or ${listed("task", "task_id")})`
