import { createRequire } from "node:module"
import type BetterSqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, signIn } from "./in-process.ts"

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite

const auditChain = async (app: Parameters<typeof ask>[0]): Promise<string> =>
  (await ask(app, "GET /v1/health")).body.audit_chain

test("while the store cannot commit, nothing is issued, denials work, and reads work", async () => {
  await using folder = await brokerFolder("sqlite")
  const unrecorded: string[] = []
  await using broker = await folder.open({ observer: { unrecorded: ({ eventType }) => unrecorded.push(eventType) } })
  const { app } = broker
  const admin = await signIn(app)
  const right = await registration(app, await launchToken(app, admin))
  const holder = new Sqlite(folder.database)
  holder.exec("BEGIN IMMEDIATE")

  const stalled = await ask(app, "POST /v1/register", { json: right })
  expect([stalled.status, stalled.body.error_code, stalled.headers.get("retry-after")]).toEqual([
    503,
    "unavailable",
    "1",
  ])
  const denied = await ask(app, "POST /v1/register", { json: { ...right, signature: "" } })
  expect([denied.status, unrecorded]).toEqual([401, ["registration_policy_violation"]])
  expect((await ask(app, "POST /v1/token/validate", { json: { token: admin } })).body.valid).toBe(true)
  expect((await ask(app, "GET /v1/audit/events", { bearer: admin })).body.total).toBe(2)
  expect(await ask(app, "GET /v1/health")).toMatchObject({
    status: 503,
    body: { status: "degraded", db_connected: false },
  })

  holder.exec("ROLLBACK")
  holder.close()
  expect((await ask(app, "POST /v1/register", { json: right })).status).toBe(200)
  expect(await ask(app, "GET /v1/health")).toMatchObject({ status: 200, body: { status: "ok", db_connected: true } })
  expect(broker.bugs).toEqual([])
})

test("health reports a changed trail, and no checkpoint is signed over it", async () => {
  await using folder = await brokerFolder("sqlite")
  const first = await folder.open()
  await signIn(first.app)
  await first.crash()
  change(folder.database, "UPDATE events SET detail = 'nothing to see' WHERE seq = 1")
  await using second = await folder.open()
  expect(await ask(second.app, "GET /v1/health")).toMatchObject({
    status: 200,
    body: { status: "ok", audit_chain: "broken" },
  })
  const checkpoint = await ask(second.app, "GET /v1/audit/checkpoint", { bearer: await signIn(second.app) })
  expect([checkpoint.status, checkpoint.body.error_code]).toEqual([503, "unavailable"])
})

test("a database without a checkpoint that was given out is not opened", async () => {
  await using folder = await brokerFolder("sqlite")
  const first = await folder.open()
  await ask(first.app, "GET /v1/audit/checkpoint", { bearer: await signIn(first.app) })
  await first.crash()
  change(folder.database, "DELETE FROM checkpoints")
  await expect(folder.open()).rejects.toMatchObject({ code: "trail_contradicts_checkpoint" })
})

function change(path: string, sql: string): void {
  const database = new Sqlite(path)
  database.exec(sql)
  database.close()
}

test.each([
  ["the tree's edge", "UPDATE checkpoints SET edge = zeroblob(length(edge))"],
  [
    "one bit of the tree's edge",
    "UPDATE checkpoints SET edge = cast(substr(edge, 1, length(edge) - 1) || x'00' AS blob)",
  ],
  ["the end of the trail", "DELETE FROM events WHERE seq > 1"],
  ["the last event's hash", "UPDATE checkpoints SET head_hash = zeroblob(32)"],
  ["an invalid instant", "DELETE FROM checkpoints; UPDATE events SET timestamp = 9000000000000000000 WHERE seq = 2"],
])("a database with a change of %s starts, reports it, and signs nothing", async (what, sql) => {
  await using folder = await brokerFolder("sqlite")
  const first = await folder.open()
  const admin = await signIn(first.app)
  await signIn(first.app)
  if (what !== "an invalid instant") await ask(first.app, "GET /v1/audit/checkpoint", { bearer: admin })
  await first.crash()
  change(folder.database, sql)
  await using second = await folder.open()
  expect((await ask(second.app, "GET /v1/health")).body.audit_chain).toBe("broken")
  expect((await ask(second.app, "GET /v1/audit/checkpoint", { bearer: admin })).status).toBe(503)
  expect((await ask(second.app, "GET /v1/audit/events", { bearer: admin })).status).toBe(200)
  expect(second.bugs).toEqual([])
})

test("a trail stays sound while checkpoints cannot be kept, also through a crash", async () => {
  await using folder = await brokerFolder("sqlite")
  const first = await folder.open()
  const admin = await signIn(first.app)
  expect((await ask(first.app, "GET /v1/audit/checkpoint", { bearer: admin })).status).toBe(200)
  folder.anchor.away = true
  for (let time = 0; time < 3; time++) {
    await signIn(first.app)
    expect((await ask(first.app, "GET /v1/audit/checkpoint", { bearer: admin })).status).toBe(503)
  }
  await first.crash()
  folder.anchor.away = false
  await using second = await folder.open()
  await expect.poll(() => auditChain(second.app)).toBe("ok")
  expect((await ask(second.app, "GET /v1/audit/checkpoint", { bearer: admin })).status).toBe(200)
})

test.each([
  ["edited", "UPDATE events SET detail = 'x' WHERE seq = 2", "event 2"],
  [
    "given another outcome and hash",
    "UPDATE events SET outcome = 'denied', hash = randomblob(32) WHERE seq = 3",
    "event 3",
  ],
  ["deleted", "DELETE FROM events WHERE seq = 2", "event 2"],
  [
    "swapped with another",
    "UPDATE events SET seq = -seq WHERE seq IN (2, 3); UPDATE events SET seq = 5 + seq WHERE seq < 0",
    "event 2",
  ],
])("an old event %s is found after the start, while the broker serves", async (_what, sql, where) => {
  await using folder = await brokerFolder("sqlite")
  const first = await folder.open()
  const admin = await signIn(first.app)
  for (let time = 0; time < 4; time++) await signIn(first.app)
  await ask(first.app, "GET /v1/audit/checkpoint", { bearer: admin })
  await first[Symbol.asyncDispose]()
  change(folder.database, sql)
  const found: (string | undefined)[] = []
  await using second = await folder.open({ observer: { trailVerified: (problem) => found.push(problem) } })
  expect(await auditChain(second.app)).toBe("verifying")
  await expect.poll(() => auditChain(second.app)).toBe("broken")
  expect(found).toEqual([expect.stringContaining(`audit trail broken at ${where}: `)])
  expect((await ask(second.app, "GET /v1/health")).status).toBe(200)
  expect((await ask(second.app, "GET /v1/audit/checkpoint", { bearer: admin })).status).toBe(503)
})

test("a sound trail is verified completely after the start; a new one needs no verification", async () => {
  await using folder = await brokerFolder("sqlite")
  const first = await folder.open()
  expect(await auditChain(first.app)).toBe("ok")
  await signIn(first.app)
  await first[Symbol.asyncDispose]()
  const found: (string | undefined)[] = []
  await using second = await folder.open({ observer: { trailVerified: (problem) => found.push(problem) } })
  expect(await auditChain(second.app)).toBe("verifying")
  await expect.poll(() => auditChain(second.app)).toBe("ok")
  expect(found).toEqual([undefined])
})

test("a failed verification is reported, and the trail does not count as verified", async () => {
  await using folder = await brokerFolder("sqlite")
  const first = await folder.open()
  await signIn(first.app)
  await first[Symbol.asyncDispose]()
  const told: unknown[] = []
  const observer = { trailUnverified: (cause: unknown) => told.push(cause) }
  await using second = await folder.open({ observer })
  change(folder.database, "ALTER TABLE events RENAME TO hidden")
  await expect.poll(() => told.length).toBe(1)
  expect(await auditChain(second.app)).toBe("verifying")
  change(folder.database, "ALTER TABLE hidden RENAME TO events")
})
