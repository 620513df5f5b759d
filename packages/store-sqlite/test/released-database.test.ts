import { readFileSync } from "node:fs"
import { digestOf, revokedDigests } from "@agentwrit/testing/fixtures"
import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { SqliteStore } from "../src/index.ts"
import { migrate } from "../src/migrate.ts"
import { temporaryFolder } from "./temporary-folder.ts"

/** The SQL of a database that version 2.0.0 wrote. */
const RELEASED = readFileSync(new URL("./database-2.0.0.sql", import.meta.url), "utf8")

function released(path = ":memory:"): Sqlite.Database {
  const database = new Sqlite(path)
  database.exec(RELEASED)
  return database
}

/** Every table and index with its columns, apart from how the SQL is written. */
function schemaOf(database: Sqlite.Database): unknown {
  const objects = database
    .prepare<[], { type: string; name: string; sql: string }>(
      "select type, name, sql from sqlite_schema where sql is not null and name <> 'kysely_migration_lock' order by name",
    )
    .all()
  return objects.map(({ type, name, sql }) => ({
    name,
    options: /(autoincrement|without rowid|where .*)$/i.exec(sql.replaceAll('"', ""))?.[0],
    strict: /\bstrict\b/.test(sql),
    columns: database.pragma(`${type}_xinfo(${name})`),
    indexes: type === "table" ? database.pragma(`index_list(${name})`) : [],
  }))
}

test("a new database has the schema of an upgraded database of version 2.0.0", () => {
  const created = new Sqlite(":memory:")
  migrate(created, "memory")
  const upgraded = released()
  migrate(upgraded, "memory")
  expect(schemaOf(created)).toEqual(schemaOf(upgraded))
})

test("a database of version 2.0.0 opens with its records, and its trail continues", async () => {
  await using folder = await temporaryFolder()
  const path = folder.file("data.db")
  released(path).close()
  await using store = await SqliteStore.open({ path })
  const { records, trail, housekeeping } = store
  expect(housekeeping.health()).toEqual({ writable: true, trailSize: 3, trailVerified: false })
  const { signal } = new AbortController()
  expect(await trail.verify(signal, { atOnce: true })).toBeUndefined()
  expect(await trail.checkpoint()).toMatchObject({ size: 2, note: "a note over 2 events" })
  const [app] = await records.apps()
  expect(app).toMatchObject({ appId: "app-crm-0a1b2c", scopes: ["read:data:*"] })
  const agentId = "spiffe://agentwrit.local/agent/crm/t-1/0123456789abcdef"
  expect(await records.agent(agentId)).toMatchObject({ jti: "a".repeat(32), publicKey: new Uint8Array(32).fill(7) })
  const revoked = [
    { level: "task", target: "t-2" },
    { level: "agent", target: "spiffe://agentwrit.local/agent/crm/t-9/0123456789abcdef" },
  ] as const
  expect(await revokedDigests(store)).toEqual(revoked.map(digestOf))
  const { entries, head } = await store.revocations.page(0, 10, 0)
  expect(entries.map(({ pruneAfter }) => pruneAfter)).toEqual([Date.UTC(2026, 0, 1) + 600_000, null])
  expect(head).toBe(2)
  const event = { event_type: "admin_auth", detail: "admin signed in", outcome: "success" } as const
  expect((await store.commit({ writes: [], events: [event] })).events[0]?.id).toBe("evt-000004")
})
