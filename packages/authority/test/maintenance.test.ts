import { MemoryStore } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { expect, test, vi } from "vitest"
import type { MaintenanceReport } from "../src/index.ts"
import { CALLER, testAuthority } from "./test-authority.ts"

const DAY = 24 * 60 * 60 * 1000

test("an expired agent gets one event; a renewed, released or revoked one gets none", async () => {
  const reports: MaintenanceReport[] = []
  await using on = await testAuthority({ observer: { maintained: (report) => reports.push(report) } })
  const [expired, renewed, released, revoked] = await Promise.all(
    Array.from({ length: 4 }, () => on.agent({ requestedTtl: 60 })),
  )
  if (!expired || !renewed || !released || !revoked) expect.fail()
  await on.authority.releaseToken(CALLER, released.claims)
  await on.authority.revoke(CALLER, on.operator, { level: "agent", target: revoked.agentId })
  on.clock.set(on.clock.now() + 59_000)
  await on.authority.renewToken(CALLER, renewed.claims)
  expect((await on.authority.maintain()).agents).toBe(0)
  on.clock.set(on.clock.now() + 1000)
  const report = await on.authority.maintain()
  expect(report).toMatchObject({ at: on.clock.now(), agents: 1 })
  expect(reports.at(-1)).toEqual(report)
  const expiry = (await on.events()).filter(({ event_type }) => event_type === "token_expired")
  expect(expiry).toMatchObject([
    {
      agent_id: expired.agentId,
      task_id: "t-42",
      orch_id: "crm",
      detail: `token ${expired.claims.jti} expired at ${new Date(on.clock.now()).toISOString()}`,
      outcome: "success",
    },
  ])
  expect((await on.authority.maintain()).agents).toBe(0)
})

test("expired rows are kept for a day, then deleted", async () => {
  const clock = settableClock()
  const store = new MemoryStore({ clock })
  await using on = await testAuthority({ clock, store })
  const [one, other] = [await on.agent({ requestedTtl: 60 }), await on.agent()]
  await on.delegate(one.claims, other.agentId)
  await on.authority.releaseToken(CALLER, one.claims)
  clock.set(clock.now() + 600_000 + DAY - 1)
  await on.authority.maintain()
  clock.set(clock.now() + 2)
  const { at: _, ...pruned } = await on.authority.maintain()
  expect(pruned).toMatchObject({ launchTokens: 2 })
  clock.set(clock.now() + DAY)
  expect(await on.authority.maintain()).toMatchObject({ tokens: 0, nonces: 0, launchTokens: 0, issuedTokens: 0 })
  expect(await store.revocations.count()).toBe(0)
  expect(await on.authority.validateToken(CALLER, one.accessToken)).toBeUndefined()
})

test("a clock that is stepped forward deletes nothing", async () => {
  await using on = await testAuthority()
  const { claims } = await on.agent({ requestedTtl: 60 })
  await on.authority.releaseToken(CALLER, claims)
  on.clock.step(on.clock.now() + 30 * DAY)
  expect(await on.authority.maintain()).toMatchObject({ tokens: 0, nonces: 0, launchTokens: 0, issuedTokens: 0 })
  expect(await on.store.revocations.count()).toBe(1)
})

test("a clock that is stepped forward and back forgets no superseded token, also over a restart", async () => {
  const store = new MemoryStore()
  const anchor = { kept: async () => undefined, keep: async () => undefined }
  const first = await testAuthority({ store, anchor })
  const { accessToken, claims } = await first.agent()
  await first.authority.renewToken(CALLER, claims)
  const start = first.clock.now()
  for (const on of [first, await testAuthority({ store, anchor })]) {
    on.clock.step(start + 2 * DAY)
    await on.authority.maintain()
    on.clock.step(start)
    expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
  }
})

test("a spent nonce is kept for as long as a clock that is stepped back by a day could accept it", async () => {
  await using on = await testAuthority()
  const request = on.request(await on.launch({ singleUse: false, ttl: 86_400 }))
  await on.authority.register(CALLER, request)
  const start = on.clock.now()
  on.clock.set(start + DAY + 29_000)
  await on.authority.maintain()
  on.clock.step(start)
  await expect(on.authority.register(CALLER, request)).rejects.toMatchObject({ reason: "nonce was already used" })
})

test("works in small steps, and lets other work run between them", async () => {
  const store = new MemoryStore()
  await using on = await testAuthority({ store })
  let between = 0
  const timer = setInterval(() => between++, 1)
  const left = { revocations: 0, nonces: 1200, launch_tokens: 0, tokens: 0 }
  const prune = vi.spyOn(store.housekeeping, "prune").mockImplementation(async (what, _, limit) => {
    const count = Math.min(left[what], limit)
    left[what] -= count
    return count
  })
  expect((await on.authority.maintain()).nonces).toBe(1200)
  clearInterval(timer)
  expect(prune.mock.calls.filter(([what]) => what === "nonces").map(([, , limit]) => limit)).toEqual([500, 500, 500])
  expect(between).toBeGreaterThan(0)
})

test("a broker without the lease leaves the store alone and forgets only in its own memory", async () => {
  const store = new MemoryStore()
  await using on = await testAuthority({ store })
  const prune = vi.spyOn(store.housekeeping, "prune")
  vi.spyOn(store.housekeeping, "withLease").mockResolvedValue(undefined)
  expect(await on.authority.maintain()).toMatchObject({ tokens: 0, agents: 0 })
  expect(prune).not.toHaveBeenCalled()
})

test("runs every minute, also after a failure", async () => {
  vi.useFakeTimers()
  try {
    const told: string[] = []
    const store = new MemoryStore()
    const observer = {
      maintained: () => told.push("maintained"),
      maintenanceFailed: (cause: unknown) => told.push(String(cause)),
    }
    const on = await testAuthority({ store, observer })
    vi.spyOn(store.housekeeping, "prune").mockRejectedValueOnce(new Error("busy"))
    await vi.advanceTimersByTimeAsync(5_100)
    expect(told).toEqual(["Error: busy"])
    await vi.advanceTimersByTimeAsync(60_000)
    expect(told).toEqual(["Error: busy", "maintained"])
    const closed = on.authority.close()
    await vi.advanceTimersByTimeAsync(100)
    await closed
    await vi.advanceTimersByTimeAsync(120_000)
    expect(told).toHaveLength(2)
  } finally {
    vi.useRealTimers()
  }
})
