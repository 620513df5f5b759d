import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, signIn } from "./in-process.ts"

type App = Parameters<typeof ask>[0]

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND

async function agent(app: App, admin: string, changes: object = {}) {
  const json = await registration(app, await launchToken(app, admin), changes)
  return (await ask(app, "POST /v1/register", { json })).body as { agent_id: string; access_token: string }
}

function count(path: string, table: string): number {
  const database = new Sqlite(path, { readonly: true })
  const rows = database.prepare(`SELECT count(*) FROM ${table}`).pluck().get()
  database.close()
  return Number(rows)
}

const events = async (app: App, bearer: string, filter: string) =>
  (await ask(app, `GET /v1/audit/events?${filter}`, { bearer })).body.events as { agent_id: string; detail: string }[]

test("an agent whose token ran out is told of once, and renewal, release and revocation count as no running out", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const admin = await signIn(app)
  const [out, renewed, released, revoked] = [
    await agent(app, admin, { requested_ttl: 60 }),
    await agent(app, admin, { requested_ttl: 60 }),
    await agent(app, admin, { requested_ttl: 60 }),
    await agent(app, admin, { requested_ttl: 60 }),
  ]
  await ask(app, "POST /v1/token/release", { bearer: released.access_token })
  const json = { level: "agent", target: revoked.agent_id }
  await ask(app, "POST /v1/revoke", { bearer: admin, json })
  folder.clock.set(folder.clock.now() + 59 * SECOND)
  expect((await broker.maintain()).agents).toBe(0)
  await ask(app, "POST /v1/token/renew", { bearer: renewed.access_token })
  folder.clock.set(folder.clock.now() + SECOND)
  expect((await broker.maintain()).agents).toBe(1)
  expect((await broker.maintain()).agents).toBe(0)
  const bearer = await signIn(app)
  const told = await events(app, bearer, "event_type=token_expired")
  expect(told.map(({ agent_id }) => agent_id)).toEqual([out.agent_id])
  expect(told[0]?.detail).toMatch(/^token [0-9a-f]{32} expired at 2026-01-01T00:01:00.000Z$/)
  folder.clock.set(folder.clock.now() + 60 * SECOND)
  expect((await broker.maintain()).agents).toBe(1)
  const again = await events(app, bearer, "event_type=token_expired")
  expect(again.map(({ agent_id }) => agent_id)).toEqual([out.agent_id, renewed.agent_id])
  const { agents } = (await ask(app, "GET /v1/admin/agents", { bearer })).body
  expect(agents.map(({ status }: { status: string }) => status)).toEqual(["revoked", "released", "expired", "expired"])
})

test("what has expired is forgotten a day later and not before, and what never expires stays", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  let admin = await signIn(app)
  const held = await agent(app, admin)
  const { claims } = (await ask(app, "POST /v1/token/validate", { json: { token: held.access_token } })).body
  await ask(app, "POST /v1/revoke", { bearer: admin, json: { level: "token", target: claims.jti } })
  await ask(app, "POST /v1/revoke", { bearer: admin, json: { level: "task", target: "t-other" } })
  const rows = () => ["spent_nonces", "launch_tokens", "revocations"].map((table) => count(folder.database, table))
  expect(rows()).toEqual([1, 1, 2])
  const start = folder.clock.now()
  folder.clock.set(start + DAY)
  expect(await broker.maintain()).toMatchObject({ nonces: 0, launchTokens: 0, tokens: 0 })
  folder.clock.set(start + DAY + 299 * SECOND)
  expect(await broker.maintain()).toMatchObject({ nonces: 1, launchTokens: 0, tokens: 0 })
  folder.clock.set(start + DAY + 601 * SECOND)
  expect(await broker.maintain()).toMatchObject({ nonces: 0, launchTokens: 1, tokens: 1 })
  expect(rows()).toEqual([0, 0, 1])
  // It stays what it was, also for a clock that is stepped back.
  folder.clock.set(start + 10 * SECOND)
  admin = await signIn(app)
  const { agents } = (await ask(app, "GET /v1/admin/agents", { bearer: admin })).body
  expect(agents[0].status).toBe("revoked")
})

test("a spent nonce is remembered for as long as a clock stepped back by a day could take it", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const admin = await signIn(app)
  const launch = await launchToken(app, admin, { single_use: false, ttl: 86_400 })
  const json = await registration(app, launch)
  const register = async () => (await ask(app, "POST /v1/register", { json })).status
  expect(await register()).toBe(200)
  const start = folder.clock.now()
  folder.clock.set(start + DAY + 29 * SECOND)
  await broker.maintain()
  folder.clock.set(start)
  expect(await register()).toBe(401)
})

test("a clock stepped forward and back makes nothing forgotten that still matters, also over a restart", async () => {
  await using folder = await brokerFolder()
  const start = folder.clock.now()
  const first = await folder.open()
  const held = await agent(first.app, await signIn(first.app))
  expect((await ask(first.app, "POST /v1/token/renew", { bearer: held.access_token })).status).toBe(200)
  const validates = async (app: App) => {
    folder.clock.step(start)
    return (await ask(app, "POST /v1/token/validate", { json: { token: held.access_token } })).body.valid
  }
  folder.clock.step(start + 2 * DAY)
  await first.maintain()
  expect(await validates(first.app)).toBe(false)
  folder.clock.step(start + 2 * DAY)
  await first.crash()
  await using second = await folder.open()
  await second.maintain()
  expect(await validates(second.app)).toBe(false)
})

test("requests are answered in between while 20,000 agents run out and 30,000 nonces go", {
  timeout: 60_000,
}, async () => {
  await using folder = await brokerFolder()
  const first = await folder.open()
  const admin = await signIn(first.app)
  await agent(first.app, admin)
  await first[Symbol.asyncDispose]()
  const database = new Sqlite(folder.database)
  database.exec(`
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 30000)
    INSERT INTO spent_nonces SELECT randomblob(32), 0 FROM numbers;
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 20000)
    INSERT INTO agents (agent_id, orch_id, task_id, public_key, scope, ttl, jti, registered_at, expires_at)
    SELECT 'spiffe://agentwrit.local/agent/crm/t-1/' || printf('%016x', n), 'crm', 't-1', x'00', '[]', 1,
           printf('%032x', n), 0, 1 FROM numbers`)
  database.close()
  await using broker = await folder.open()
  const running = broker.maintain()
  let done = false
  void running.then(() => {
    done = true
  })
  const waits: number[] = []
  while (!done) {
    const asked = performance.now()
    await ask(broker.app, "GET /v1/challenge")
    waits.push(performance.now() - asked)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  expect(await running).toMatchObject({ agents: 20_000, nonces: 30_000 })
  waits.sort((a, b) => a - b)
  expect(waits.length).toBeGreaterThan(300)
  expect(waits[Math.floor(waits.length * 0.99)]).toBeLessThan(100)
})
