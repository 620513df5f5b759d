import { adminToken, agent, call } from "@agentwrit/testing/client"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { expect, test } from "vitest"
import { startWireBroker } from "./wire-broker.ts"

test("the operator sees every agent and its status", async () => {
  const clock = settableClock()
  clock.set(Date.now())
  await using broker = await startWireBroker({ clock })
  const { url } = broker
  const admin = await adminToken(url)
  const list = async (filters = "") =>
    (await call(url, `GET /v1/admin/agents${filters}`, { bearer: admin })).body as {
      agents: { agent_id: string; status: string; expires_at: string }[]
      total: number
    }
  expect(await list()).toEqual({ agents: [], total: 0, offset: 0, limit: 100 })

  const held = await agent(url, admin, { task_id: "t-1" })
  const short = await agent(url, admin, { task_id: "t-1", requested_ttl: 1 })
  const left = await agent(url, admin, { orch_id: "hr" })
  const banned = await agent(url, admin)
  await call(url, "POST /v1/token/release", { bearer: left.access_token })
  const json = { level: "agent", target: banned.agent_id }
  await call(url, "POST /v1/revoke", { bearer: admin, json })
  clock.set(clock.now() + 2000)
  expect((await list("?status=expired")).total).toBe(1)

  const all = await list()
  expect(all.agents.map(({ agent_id, status }) => [agent_id, status])).toEqual([
    [banned.agent_id, "revoked"],
    [left.agent_id, "released"],
    [short.agent_id, "expired"],
    [held.agent_id, "active"],
  ])
  expect(all.agents[3]).toEqual({
    agent_id: held.agent_id,
    orch_id: "crm",
    task_id: "t-1",
    scope: ["read:data:7"],
    status: "active",
    registered_at: expect.stringMatching(/Z$/),
    expires_at: expect.stringMatching(/Z$/),
  })
  expect((await list("?orch_id=hr")).agents.map(({ agent_id }) => agent_id)).toEqual([left.agent_id])
  expect((await list("?task_id=t-1&status=active")).total).toBe(1)
  expect(await list("?limit=1&offset=3")).toMatchObject({ total: 4, limit: 1, offset: 3 })

  const before = Date.parse(all.agents[3]?.expires_at ?? "")
  clock.set(clock.now() + 1000)
  await call(url, "POST /v1/token/renew", { bearer: held.access_token })
  const renewed = (await list("?status=active")).agents[0]
  expect(Date.parse(renewed?.expires_at ?? "")).toBeGreaterThan(before)

  for (const query of [
    "status=gone",
    "limit=0",
    "limit=1001",
    "offset=-1",
    "app_id=x",
    "task_id=..",
    "limit=1&limit=2",
  ])
    expect((await call(url, `GET /v1/admin/agents?${query}`, { bearer: admin })).status).toBe(400)
})

// A client that reads pages until one is shorter than its limit would miss the agents behind a page that ended early.
test("a page that ends early at 4 MiB tells as its limit how many agents it holds", async () => {
  await using broker = await startWireBroker()
  const { url } = broker
  const admin = await adminToken(url)
  const requested_scope = Array.from({ length: 128 }, (_, at) => `read:data:${at}${"x".repeat(240)}`)
  await Promise.all(Array.from({ length: 140 }, () => agent(url, admin, { requested_scope })))
  const page = async (offset: number) =>
    (await call(url, `GET /v1/admin/agents?limit=1000&offset=${offset}`, { bearer: admin })).body
  const first = await page(0)
  expect(first.agents.length).toBeLessThan(140)
  expect([first.limit, first.total]).toEqual([first.agents.length, 140])
  const second = await page(first.limit)
  expect([second.agents.length, second.limit]).toEqual([140 - first.limit, 1000])
})
