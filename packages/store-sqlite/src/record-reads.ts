import type { Agent, App, LaunchToken } from "@agentwrit/authority"
import type { Selectable } from "kysely"
import { toAgent, toApp, toLaunchToken } from "./rows.ts"
import type { AgentsTable, AppsTable, DelegatedTokensTable, LaunchTokensTable } from "./schema.ts"
import { type Prepare, parameter } from "./statements.ts"

/** Reads of single records, by what names them. */
export interface RecordReads {
  app(by: { readonly appId: string }): App | undefined
  appByClientId(by: { readonly clientId: string }): App | undefined
  launchToken(by: { readonly hash: Buffer }): LaunchToken | undefined
  agent(by: { readonly agentId: string }): Agent | undefined
  /** When that token of an agent's own, or that delegated one, runs out. */
  tokenEnd(of: { readonly jti: string }): number | undefined
  /** Those whose token has run out unreleased and unmarked, the longest first. */
  agentsRunOut(at: { readonly now: number; readonly limit: number }): Agent[]
}

/** Prepares the statement of each: registration, renewal and delegation wait for them on the main thread. */
export function preparedReads(prepare: Prepare): RecordReads {
  const app = prepare<{ appId: string }, Selectable<AppsTable>>((db) =>
    db.selectFrom("apps").selectAll().where("app_id", "=", parameter<string>("appId")),
  )
  const appByClientId = prepare<{ clientId: string }, Selectable<AppsTable>>((db) =>
    db.selectFrom("apps").selectAll().where("client_id", "=", parameter<string>("clientId")),
  )
  const launchToken = prepare<{ hash: Buffer }, LaunchTokensTable>((db) =>
    db.selectFrom("launch_tokens").selectAll().where("hash", "=", parameter<Buffer>("hash")),
  )
  const agent = prepare<{ agentId: string }, Selectable<AgentsTable>>((db) =>
    db.selectFrom("agents").selectAll().where("agent_id", "=", parameter<string>("agentId")),
  )
  const tokenEnd = prepare<{ jti: string }, DelegatedTokensTable>((db) =>
    db
      .selectFrom("agents")
      .select(["jti", "expires_at"])
      .where("jti", "=", parameter<string>("jti"))
      .unionAll(
        db.selectFrom("delegated_tokens").select(["jti", "expires_at"]).where("jti", "=", parameter<string>("jti")),
      ),
  )
  const agentsRunOut = prepare<{ now: number; limit: number }, Selectable<AgentsTable>>((db) =>
    db
      .selectFrom("agents")
      .selectAll()
      .where("expires_at", "<=", parameter<number>("now"))
      .where("released_at", "is", null)
      .where("expired_at", "is", null)
      .orderBy("expires_at")
      .limit(parameter<number>("limit")),
  )
  return {
    app: (by) => mapped(app.get(by), toApp),
    appByClientId: (by) => mapped(appByClientId.get(by), toApp),
    launchToken: (by) => mapped(launchToken.get(by), toLaunchToken),
    agent: (by) => mapped(agent.get(by), toAgent),
    tokenEnd: (of) => tokenEnd.get(of)?.expires_at,
    agentsRunOut: (at) => agentsRunOut.all(at).map(toAgent),
  }
}

const mapped = <Row, Result>(row: Row | undefined, to: (row: Row) => Result): Result | undefined =>
  row === undefined ? undefined : to(row)
