import { createRequire } from "node:module"
import { join } from "node:path"
import { ADMIN_SECRET, brokerFolder } from "@agentwrit/testing/broker-process"
import { call } from "@agentwrit/testing/client"
import { freshMetrics } from "@agentwrit/testing/fresh-metrics"
import type BetterSqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { startBroker } from "./start-in-process.ts"

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite

/** The value of a sample; `name` contains its labels, if any. */
async function sample(url: string, name: string): Promise<number> {
  const line = (await freshMetrics(url)).split("\n").find((text) => text.startsWith(`agentwrit_${name} `))
  return Number(line?.split(" ")[1])
}

test("metrics show a store that cannot commit and a changed trail", async () => {
  await using folder = await brokerFolder()
  const first = await startBroker(folder)
  const signIn = (url: string) => call(url, "POST /v1/admin/auth", { json: { secret: ADMIN_SECRET } })
  await signIn(first.url)
  const database = new Sqlite(join(folder.path, "data.db"))
  database.exec("BEGIN IMMEDIATE")
  expect((await signIn(first.url)).status).toBe(503)
  expect(await sample(first.url, 'db_errors_total{operation="commit"}')).toBe(1)
  expect(await sample(first.url, "store_ok")).toBe(0)
  database.exec("ROLLBACK")
  await expect.poll(async () => (await signIn(first.url)).status).toBe(200)
  expect(await sample(first.url, "store_ok")).toBe(1)

  await first.stop()
  database.exec("UPDATE events SET detail = 'nothing to see' WHERE seq = (SELECT max(seq) FROM events)")
  database.close()
  await using second = await startBroker(folder)
  expect(await sample(second.url, "audit_events_loaded")).toBeGreaterThan(1)
  // At the start, or in the background when a checkpoint already covered the event.
  await expect.poll(() => sample(second.url, "audit_chain_ok")).toBe(0)
  expect((await call(second.url, "GET /v1/health")).body.audit_chain).toBe("broken")
  expect(second.output().stderr).toContain("[AA:BROKER:FAIL]")
})
