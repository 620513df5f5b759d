import { setImmediate } from "node:timers/promises"
import { revocationDigest } from "@agentwrit/core"
import { describe, expect, test, vi } from "vitest"
import type { RevocationRequest } from "../../src/index.ts"
import type { Affected } from "../../src/ports/index.ts"
import { fullDisk, InterceptedStore } from "../intercepted-store.ts"
import { CALLER, testAuthority } from "../test-authority.ts"

const NOTHING: Affected = { agents: 0, tokens: 0 }
const DAY = 24 * 60 * 60 * 1000

/** A delegator, its delegate, and the token between them. */
async function delegated() {
  const on = await testAuthority()
  const [one, other] = [await on.agent({ taskId: "t-1" }), await on.agent({ taskId: "t-2" })]
  const between = await on.delegate(one.claims, other.agentId)
  const good = async () =>
    Object.fromEntries(
      await Promise.all(
        Object.entries({ one, other, between }).map(async ([name, { accessToken }]) => [
          name,
          (await on.authority.validateToken(CALLER, accessToken)) !== undefined,
        ]),
      ),
    )
  return { on, one, other, between, good }
}

type Delegated = Awaited<ReturnType<typeof delegated>>

describe("ends exactly what its level covers:", () => {
  test.each<[string, (setting: Delegated) => RevocationRequest, object, Affected]>([
    [
      "the delegator's token",
      ({ one }) => ({ level: "token", target: one.claims.jti }),
      { one: false, other: true, between: false },
      { agents: 1, tokens: 2 },
    ],
    [
      "the delegated token",
      ({ between }) => ({ level: "token", target: between.claims.jti }),
      { one: true, other: true, between: false },
      { agents: 0, tokens: 1 },
    ],
    [
      "the delegator",
      ({ one }) => ({ level: "agent", target: one.agentId }),
      { one: false, other: true, between: false },
      { agents: 1, tokens: 2 },
    ],
    [
      "the delegate",
      ({ other }) => ({ level: "agent", target: other.agentId }),
      { one: true, other: false, between: false },
      { agents: 1, tokens: 2 },
    ],
    [
      "the delegator's task",
      () => ({ level: "task", target: "t-1" }),
      { one: false, other: true, between: false },
      { agents: 1, tokens: 2 },
    ],
    [
      "all that the delegator delegated",
      ({ one }) => ({ level: "chain", target: one.agentId }),
      { one: true, other: true, between: false },
      { agents: 0, tokens: 1 },
    ],
    [
      "the delegate's task",
      () => ({ level: "task", target: "t-2" }),
      { one: true, other: false, between: false },
      { agents: 1, tokens: 2 },
    ],
    [
      "an unknown task",
      () => ({ level: "task", target: "unknown" }),
      { one: true, other: true, between: true },
      { agents: 0, tokens: 0 },
    ],
  ])("%s", async (_, requestOf, good, affected) => {
    const setting = await delegated()
    const { on } = setting
    const request = requestOf(setting)
    const receipt = { revoked: true, ...request, count: 1, affected }
    expect(await on.authority.previewRevocation(request)).toMatchObject({ ...request, affected })
    expect(await on.authority.revoke(CALLER, on.operator, request)).toEqual(receipt)
    expect(await setting.good()).toEqual(good)
    const event = { event_type: "token_revoked", agent_id: request.target, outcome: "success" }
    const detail = `revoked at level ${request.level} by admin`
    const task = request.level === "task" ? { task_id: request.target } : {}
    expect(await on.events()).toContainEqual(expect.objectContaining({ ...event, detail, ...task }))
    expect(await on.authority.revoke(CALLER, on.operator, request)).toEqual({ ...receipt, affected: NOTHING })
    expect((await on.store.revocations.page(0, 10, 0)).head).toBe(1)
    await on.authority.close()
  })
})

describe("an app", () => {
  test.each<[string, (appId: string) => RevocationRequest]>([
    ["at level app", (appId) => ({ level: "app", target: appId })],
    ["as an agent", (appId) => ({ level: "agent", target: `app:${appId}` })],
  ])("%s ends with its agents, what they delegated, its sign-in and its launch tokens", async (_, requestOf) => {
    await using on = await testAuthority()
    const { appId, clientId, clientSecret, claims, accessToken, agent } = await on.app()
    const launched = await agent()
    const other = await on.agent({ taskId: "t-2" })
    const between = await on.delegate(launched.claims, other.agentId)
    const policy = { agentName: "worker", allowedScope: ["read:data:*"] }
    const { launchToken } = await on.authority.createAppLaunchToken(CALLER, claims, policy)
    const request = requestOf(appId)
    const affected = { agents: 1, tokens: 3 }
    const preview = { ...request, affected, agents: [launched.agentId], apps: [appId] }
    expect(await on.authority.previewRevocation(request)).toEqual(preview)
    const receipt = { revoked: true, ...request, count: 1, affected }
    expect(await on.authority.revoke(CALLER, on.operator, request)).toEqual(receipt)
    on.clock.set(on.clock.now() + 5_000)
    for (const token of [accessToken, launched.accessToken, between.accessToken])
      expect(await on.authority.validateToken(CALLER, token)).toBeUndefined()
    expect(await on.authority.validateToken(CALLER, other.accessToken)).toBeDefined()
    await expect(on.authority.signInApp(CALLER, { clientId, clientSecret })).rejects.toMatchObject({
      code: "unauthorized",
      reason: `${appId} is revoked`,
    })
    await expect(on.authority.register(CALLER, on.request(launchToken))).rejects.toMatchObject({
      code: "unauthorized",
      reason: "launch token ended with a revocation",
    })
  })

  test("that is changed at the same moment is revoked all the same", async () => {
    await using on = await testAuthority()
    const { appId, accessToken } = await on.app()
    await Promise.all([
      on.authority.updateApp(CALLER, on.operator, appId, { tokenTtl: 600 }).catch(() => undefined),
      on.authority.revoke(CALLER, on.operator, { level: "app", target: appId }),
    ])
    expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
    expect((await on.store.records.app(appId))?.revokedAt).toBe(on.clock.now())
  })
})

describe("everything", () => {
  const everything = { level: "all", target: "*" } as const

  test("ends tokens of agents and apps and launch tokens; new sign-ins and registrations still work", async () => {
    await using on = await testAuthority()
    const { clientId, clientSecret, accessToken } = await on.app()
    const one = await on.agent()
    const launchToken = await on.launch()
    await on.authority.revoke(CALLER, on.operator, everything)
    for (const token of [accessToken, one.accessToken])
      expect(await on.authority.validateToken(CALLER, token)).toBeUndefined()
    on.clock.set(on.clock.now() + 1_000)
    await expect(on.authority.register(CALLER, on.request(launchToken))).rejects.toMatchObject({
      reason: "launch token ended with a revocation",
    })
    expect((await on.authority.signInApp(CALLER, { clientId, clientSecret })).expiresIn).toBeGreaterThan(0)
    const { accessToken: fresh } = await on.agent()
    expect(await on.authority.validateToken(CALLER, fresh)).toBeDefined()
  })

  test("in its own second no token is issued that would be revoked already", async () => {
    await using on = await testAuthority()
    const { clientId, clientSecret } = await on.app()
    await on.authority.revoke(CALLER, on.operator, everything)
    const refusal = { code: "unavailable", retryAfter: 1 }
    await expect(on.authority.signInApp(CALLER, { clientId, clientSecret })).rejects.toMatchObject(refusal)
    await expect(on.launch()).rejects.toMatchObject(refusal)
  })

  test("a second time ends what was issued in between", async () => {
    await using on = await testAuthority()
    await on.authority.revoke(CALLER, on.operator, everything)
    on.clock.set(on.clock.now() + 1_000)
    const { accessToken } = await on.agent()
    const { affected } = await on.authority.revoke(CALLER, on.operator, everything)
    expect(affected).toEqual({ agents: 1, tokens: 1 })
    expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
  })
})

test("tells the observer the level", async () => {
  const levels: string[] = []
  await using on = await testAuthority({ observer: { revoked: (level) => levels.push(level) } })
  await on.authority.revoke(CALLER, on.operator, { level: "task", target: "t-1" })
  expect(levels).toEqual(["task"])
})

test("a token-level entry matters until any token issued before has expired, and is kept a day longer", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 1000 } })
  const { claims } = await on.agent({ requestedTtl: 60 })
  const now = on.clock.now()
  for (const target of [claims.jti, "0".repeat(32)])
    await on.authority.revoke(CALLER, on.operator, { level: "token", target })
  await on.authority.revoke(CALLER, on.operator, { level: "task", target: "t-1" })
  const { entries } = await on.store.revocations.page(0, 10, 0)
  expect(entries).toMatchObject([
    { digest: revocationDigest("token", claims.jti), expiresAt: now + 1_000_000 },
    { level: "token", expiresAt: now + 1_000_000, pruneAfter: now + 1_000_000 + DAY },
    { level: "task", expiresAt: null, pruneAfter: null },
  ])
})

test("without a limit of TTLs, an unknown token stays revoked for ever", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 0 } })
  await on.authority.revoke(CALLER, on.operator, { level: "token", target: "0".repeat(32) })
  expect((await on.store.revocations.page(0, 1, 0)).entries).toMatchObject([{ expiresAt: null, pruneAfter: null }])
})

test("a preview names an open app without agents, and the first 100 of many agents", async () => {
  await using on = await testAuthority()
  const { appId } = await on.authority.createApp(CALLER, on.operator, { name: "idle", scopes: ["read:data:*"] })
  const idle = { level: "app", target: appId } as const
  const nobody = { affected: NOTHING, agents: [], apps: [] }
  expect(await on.authority.previewRevocation(idle)).toEqual({ ...idle, ...nobody, apps: [appId] })
  await on.authority.revoke(CALLER, on.operator, idle)
  expect(await on.authority.previewRevocation(idle)).toEqual({ ...idle, ...nobody })
  const many = await Promise.all(Array.from({ length: 101 }, () => on.agent({ taskId: "t-many" })))
  const { affected, agents } = await on.authority.previewRevocation({ level: "task", target: "t-many" })
  expect([affected, agents.length]).toEqual([{ agents: 101, tokens: 101 }, 100])
  for (const { accessToken } of many) expect(await on.authority.validateToken(CALLER, accessToken)).toBeDefined()
})

test("an agent of another trust domain is refused", async () => {
  await using on = await testAuthority()
  const target = "spiffe://other.local/agent/crm/t-1/0123456789abcdef"
  const attempt = () => on.authority.revoke(CALLER, on.operator, { level: "agent", target })
  const refusal = { code: "invalid_request", detail: "target is an agent of another trust domain" } as const
  await on.refused(attempt, refusal, [{ event_type: "token_revoked", agent_id: "admin" }])
  await on.refused(() => on.authority.previewRevocation({ level: "agent", target }), refusal, [])
})

test("a count that fails when the revocation has failed before is caught", async () => {
  const store = new InterceptedStore()
  await using on = await testAuthority({ store })
  const counting = Promise.withResolvers<Affected>()
  vi.spyOn(store.records, "startCount").mockResolvedValueOnce({ affected: counting.promise })
  store.failure = fullDisk()
  const revoking = on.authority.revoke(CALLER, on.operator, { level: "task", target: "t-1" })
  await expect(revoking).rejects.toMatchObject({ code: "unavailable" })
  store.failure = undefined
  // Unhandled it would end the process, and fails this run.
  counting.reject(new Error("the store is closed"))
  await setImmediate()
})
