import { readFileSync } from "node:fs"
import { Seals } from "@agentwrit/authority/ports"
import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { migrate } from "../src/migrate.ts"
import { type AgentRow, type AppRow, type LaunchTokenRow, toAgent, toApp, toLaunchToken } from "../src/rows.ts"
import { Statements } from "../src/sql.ts"
import { TableVerifier } from "../src/table-verifier.ts"
import { type EventRow, toEvent } from "../src/trail-rows.ts"

const RELEASED = readFileSync(new URL("./database-2.0.0.sql", import.meta.url), "utf8")
const recordsKey = new Uint8Array(64).fill(5)

/** An upgraded database of version 2.0.0, whose rows name no event, with every record sealed. */
function upgraded(): Sqlite.Database {
  const database = new Sqlite(":memory:")
  database.exec(RELEASED)
  migrate(database, "memory")
  const seals = new Seals(recordsKey)
  const app = database.prepare<[], AppRow>("select * from apps").get() ?? expect.fail()
  database.prepare("update apps set mac = ?").run(seals.app(toApp(app)))
  const launchToken = database.prepare<[], LaunchTokenRow>("select * from launch_tokens").get() ?? expect.fail()
  database.prepare("update launch_tokens set mac = ?").run(seals.launchToken(toLaunchToken(launchToken)))
  const agent = database.prepare<[], AgentRow>("select * from agents").get() ?? expect.fail()
  database.prepare("update agents set mac = ?").run(seals.agent(toAgent(agent)))
  return database
}

function problemOf(database: Sqlite.Database): string | undefined {
  const verifier = new TableVerifier(new Statements(database), { now: Date.UTC(2026, 0, 2), recordsKey })
  for (const row of database.prepare<[], EventRow>("select * from events order by seq").all()) {
    const problem = verifier.event(row.seq, toEvent(row))
    if (problem !== undefined) return problem
  }
  return [...verifier.rows()].find((problem) => problem !== undefined)
}

/** What no seal covers: names, counts, orders, and what changes with each renewal and end of an agent. */
const UNSEALED: readonly string[] = [
  "apps.seq",
  "launch_tokens.agent_name",
  "launch_tokens.spent_at",
  "launch_tokens.uses",
  "agents.seq",
  "agents.jti",
  "agents.expires_at",
  "agents.released_at",
  "agents.revoked_at",
  "agents.expired_at",
]

test("an upgraded database is held by its seals, column by column", () => {
  expect(problemOf(upgraded())).toBeUndefined()
  const unnoticed: string[] = []
  for (const table of ["apps", "launch_tokens", "agents"])
    for (const { name, type } of upgraded().pragma(`table_info(${table})`) as { name: string; type: string }[]) {
      const database = upgraded()
      const text = `case when json_valid(${name}) then '["write:data:*"]' else 'other' end`
      const value = { INTEGER: `ifnull(${name}, 0) + 1`, BLOB: "zeroblob(32)" }[type] ?? text
      database.exec(`update ${table} set ${name} = ${value}`)
      if (problemOf(database) === undefined) unnoticed.push(`${table}.${name}`)
    }
  // A previous secret has a hash and an end; alone the end says nothing.
  expect(unnoticed.filter((column) => column !== "apps.previous_valid_until").sort()).toEqual([...UNSEALED].sort())
})
