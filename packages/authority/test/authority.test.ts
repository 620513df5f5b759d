import { MemoryStore } from "@agentwrit/store-memory"
import { describe, expect, test, vi } from "vitest"
import { Refusal, UnavailableError } from "../src/index.ts"
import { fullDisk, InterceptedStore } from "./intercepted-store.ts"
import { CALLER, SECRET, testAuthority } from "./test-authority.ts"

describe("while the store cannot commit", () => {
  test.each([
    ["full", "nothing was changed; try again", 1],
    ["failed", "the outcome is unknown until the broker has restarted", 5],
  ] as const)("(%s) a use case is refused as unavailable, and leaves no event", async (code, hint, retryAfter) => {
    const failures: string[] = []
    const store = new InterceptedStore()
    const on = await testAuthority({ store, observer: { storeFailed: (what) => failures.push(what) } })
    store.failure = new UnavailableError(code, "the disk")
    const detail = "the broker cannot store changes at the moment"
    const refusal = { code: "unavailable", detail, reason: "the disk", hint, retryAfter } as const
    await on.refused(() => on.launch(), refusal, [])
    expect(failures).toEqual(["commit"])
  })

  test("a denied request is denied all the same, and the observer gets what the trail lacks", async () => {
    const told: unknown[] = []
    const store = new InterceptedStore()
    const observer = {
      denied: (type: string) => told.push(type),
      unrecorded: (event: object, cause: unknown) => told.push(event, (cause as Error).message),
    }
    const on = await testAuthority({ store, observer })
    store.failure = fullDisk()
    const refusal = { code: "unauthorized", detail: "sign-in failed" } as const
    await on.refused(() => on.authority.signInAdmin(CALLER, "wrong"), refusal, [])
    const unrecorded = { eventType: "admin_auth_failed", detail: "wrong admin secret" }
    expect(told).toEqual(["admin_auth_failed", unrecorded, "the disk is full"])
  })
})

test("while the store cannot read, a use case is refused as unavailable", async () => {
  const failures: string[] = []
  const store = new MemoryStore()
  await using on = await testAuthority({ store, observer: { storeFailed: (what) => failures.push(what) } })
  vi.spyOn(store.records, "apps").mockRejectedValue(new UnavailableError("busy", "the reader is busy"))
  const detail = "the broker cannot read its records at the moment"
  const refusal = { code: "unavailable", detail, reason: "the reader is busy", retryAfter: 1 } as const
  await on.refused(() => on.authority.listApps(), refusal, [])
  expect(failures).toEqual(["query"])
})

test("a bug goes through as it is, and leaves no event", async () => {
  const store = new MemoryStore()
  await using on = await testAuthority({ store })
  vi.spyOn(store.records, "apps").mockRejectedValue(new RangeError("a bug"))
  await expect(on.authority.listApps()).rejects.toThrow(RangeError)
})

test("a host records its own refusals", async () => {
  await using on = await testAuthority()
  const refusal = new Refusal("invalid_request", { detail: "name must be a string" })
  await on.authority.recordDenial(CALLER, "app_registered", refusal, on.operator)
  expect((await on.events()).at(-1)).toMatchObject({
    event_type: "app_registered",
    outcome: "denied",
    agent_id: "admin",
    detail: "name must be a string",
  })
})

test("a flood of denials becomes one event with their number", async () => {
  await using on = await testAuthority()
  const before = (await on.events()).length
  for (let at = 0; at < 60; at++) await on.authority.signInAdmin(CALLER, "wrong").catch(() => undefined)
  expect((await on.events()).length - before).toBe(50)
  const counted = { event_type: "admin_auth_failed", detail: "wrong admin secret count=10" }
  await expect.poll(async () => (await on.events()).at(-1)).toMatchObject(counted)
})

test("secrets never reach the trail as free text", async () => {
  await using on = await testAuthority()
  const { accessToken } = await on.agent()
  const launchToken = await on.launch()
  for (const secret of [accessToken, launchToken, SECRET])
    await on.authority.createLaunchToken(CALLER, on.operator, { agentName: secret, allowedScope: ["read:data:*"] })
  const written = JSON.stringify(await on.events())
  for (const secret of [accessToken, launchToken, SECRET]) expect(written).not.toContain(secret)
})

describe("opening", () => {
  test("loads the revocations of earlier times", async () => {
    const store = new MemoryStore()
    const anchor = { kept: async () => undefined, keep: async () => undefined }
    const before = await testAuthority({ store, anchor })
    const { accessToken, claims } = await before.agent()
    await before.authority.releaseToken(CALLER, claims)
    await using on = await testAuthority({ store, anchor })
    expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
    expect(on.authority.isRevocationsPageSmall(1)).toBe(true)
  })

  test("that fails stops everything but the store", async () => {
    const store = new MemoryStore()
    const stopped: string[] = []
    const { follow } = store.revocations
    let followers = 0
    vi.spyOn(store.revocations, "follow").mockImplementation(async (from, follower) => {
      const following = await follow.call(store.revocations, from, follower)
      followers++
      return { applied: following.applied, stop: () => stopped.push("following") }
    })
    const { events } = store.trail
    vi.spyOn(store.trail, "events").mockImplementation((query) =>
      followers < 2
        ? events.call(store.trail, query)
        : Promise.reject(new UnavailableError("busy", "the reader is busy")),
    )
    await expect(testAuthority({ store })).rejects.toThrow("the reader is busy")
    expect(stopped).toEqual(["following", "following"])
    expect(store.housekeeping.health().writable).toBe(true)
  })

  test("copies the settings", async () => {
    const settings = { maxTtl: 100 }
    await using on = await testAuthority({ settings })
    settings.maxTtl = 1
    expect((await on.authority.signInAdmin(CALLER, SECRET)).expiresIn).toBe(100)
  })
})

test("health tells whether the store can commit, and how many events there are", async () => {
  const on = await testAuthority()
  const size = (await on.events()).length
  const ok = { status: "ok", dbConnected: true, auditEventsCount: size, auditChain: "ok" }
  expect(on.authority.health()).toEqual(ok)
  await on.authority.close()
  expect(on.authority.health()).toEqual({ ...ok, status: "degraded", dbConnected: false })
})

test("a challenge is a fresh nonce", async () => {
  await using on = await testAuthority()
  const [one, other] = [on.authority.challenge(), on.authority.challenge()]
  expect(one).toEqual({ nonce: expect.stringMatching(/^[0-9a-f]{64}$/), expiresIn: 30 })
  expect(other.nonce).not.toBe(one.nonce)
})

test("agents are listed by their status", async () => {
  await using on = await testAuthority()
  const [active, released] = [await on.agent(), await on.agent()]
  await on.authority.releaseToken(CALLER, released.claims)
  const query = { limit: 10, offset: 0 }
  expect((await on.authority.queryAgents({ ...query, status: "active" })).agents).toMatchObject([
    { agentId: active.agentId },
  ])
  expect((await on.authority.queryAgents(query)).total).toBe(2)
  expect(await on.authority.countActiveAgents()).toBe(1)
})
