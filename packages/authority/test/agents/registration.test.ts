import { hash } from "node:crypto"
import { expect, test } from "vitest"
import type { RegistrationRequest } from "../../src/index.ts"
import { CALLER, testAuthority } from "../test-authority.ts"

const FAILED = {
  code: "unauthorized",
  detail: "registration failed",
  hint: "use an unspent launch token, and sign the 32 decoded bytes of a fresh nonce",
} as const
const IDS = { task_id: "t-42", orch_id: "crm" }
const DENIED = { event_type: "registration_policy_violation" } as const

test("a registration answers a token of the agent, stores the agent, and writes two events", async () => {
  await using on = await testAuthority({ settings: { issuer: "https://a.example", audience: "api" } })
  const now = on.clock.now()
  const { agentId, accessToken, expiresIn, claims } = await on.agent({ requestedTtl: 120 })
  expect(expiresIn).toBe(120)
  expect(agentId).toMatch(/^spiffe:\/\/agentwrit\.local\/agent\/crm\/t-42\/[0-9a-f]{16}$/)
  const { jti, ...others } = claims
  expect(others).toEqual({
    iss: "https://a.example",
    aud: ["api"],
    sub: agentId,
    kind: "agent",
    scope: ["read:data:7"],
    iat: now / 1000,
    nbf: now / 1000,
    exp: now / 1000 + 120,
    ...IDS,
  })
  const { publicKey, mac: _mac, ...stored } = (await on.store.records.agent(agentId)) ?? expect.fail()
  expect(publicKey).toHaveLength(32)
  const times = { registeredAt: now, expiresAt: now + 120_000 }
  expect(stored).toEqual({
    agentId,
    orchId: "crm",
    taskId: "t-42",
    scope: ["read:data:7"],
    ttl: 120,
    jti,
    bound: false,
    ...times,
  })
  const shared = { agent_id: agentId, ...IDS, resource: CALLER.resource, outcome: "success" }
  expect((await on.events()).slice(-2)).toMatchObject([
    { ...shared, event_type: "agent_registered", detail: "agent worker registered" },
    { ...shared, event_type: "token_issued", detail: `token ${jti} issued: scope read:data:7, ttl 120 s` },
  ])
  expect(await on.authority.validateToken(CALLER, accessToken)).toEqual(claims)
})

test.each([
  [undefined, 600, 86_400, 600],
  [60, 600, 86_400, 60],
  [601, 600, 86_400, 600],
  [undefined, 600, 100, 100],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 0, 100 * 366 * 86_400],
])("requested_ttl %s, max_ttl %d and AA_MAX_TTL %d give %d s", async (requestedTtl, maxTtl, limit, expiresIn) => {
  await using on = await testAuthority({ settings: { maxTtl: limit } })
  const requested = requestedTtl === undefined ? {} : { requestedTtl }
  expect((await on.agent(requested, { maxTtl })).expiresIn).toBe(expiresIn)
})

type Case = [string, (request: RegistrationRequest) => Partial<RegistrationRequest>, object, object]

const HEX = "0".repeat(64)

test.each<Case>([
  [
    "the launch token as orch_id",
    ({ launchToken }) => ({ orchId: launchToken, taskId: launchToken }),
    { code: "invalid_request", detail: "orch_id must not be the launch token" },
    {},
  ],
  [
    "the launch token as task_id",
    ({ launchToken }) => ({ taskId: launchToken }),
    { code: "invalid_request", detail: "task_id must not be the launch token" },
    {},
  ],
  [
    "an id that is not a SPIFFE segment",
    () => ({ taskId: "a/b" }),
    { code: "invalid_request", detail: expect.stringMatching(/^orch_id and task_id: /) },
    {},
  ],
  [
    "a launch token in another spelling",
    ({ launchToken }) => ({ launchToken: launchToken.toUpperCase().padEnd(65, "A") }),
    { ...FAILED, reason: "launch token is not 64 lower-case hex characters" },
    IDS,
  ],
  ["an unknown launch token", () => ({ launchToken: HEX }), { ...FAILED, reason: "launch token is unknown" }, IDS],
  [
    "a wider scope",
    () => ({ requestedScope: ["read:data:7", "write:data:1"] }),
    {
      code: "scope_violation",
      detail: "requested_scope is wider than the launch token allows",
      reason: "scope write:data:1 not covered by read:data:*",
      hint: expect.stringMatching(/^missing: write:data:1/),
    },
    IDS,
  ],
  [
    "another task than the launch token's",
    () => ({ taskId: "t-43" }),
    {
      code: "scope_violation",
      detail: "the launch token is bound to another task_id",
      reason: "launch token is bound to task_id t-42, not t-43",
    },
    { task_id: "t-43", orch_id: "crm" },
  ],
  [
    "another orchestration than the launch token's",
    () => ({ orchId: "erp" }),
    {
      code: "scope_violation",
      detail: "the launch token is bound to another orch_id",
      reason: "launch token is bound to orch_id crm, not erp",
    },
    { task_id: "t-42", orch_id: "erp" },
  ],
  [
    "a nonce of another broker",
    () => ({ nonce: HEX }),
    { ...FAILED, reason: "nonce was not made by this broker" },
    IDS,
  ],
  [
    "a key that is not base64",
    () => ({ publicKey: "*" }),
    { ...FAILED, reason: expect.stringMatching(/^public_key or signature: /) },
    IDS,
  ],
  [
    "a key of small order",
    () => ({ publicKey: Buffer.alloc(32).toString("base64") }),
    { ...FAILED, reason: expect.stringMatching(/^public_key or signature: /) },
    IDS,
  ],
  [
    "another key's signature",
    () => ({ signature: Buffer.alloc(64).toString("base64") }),
    { ...FAILED, reason: "signature over the nonce is not genuine" },
    IDS,
  ],
  [
    "more scope than fits into a token",
    () => ({ requestedScope: Array.from({ length: 3000 }, (_, at) => `read:data:${"x".repeat(20)}${at}`) }),
    { code: "invalid_request", detail: "the scope is too long for a token: ask for fewer or shorter scopes" },
    {},
  ],
])("is refused with %s, and spends nothing", async (_, change, refusal, subject) => {
  await using on = await testAuthority()
  const good = on.request(await on.launch({ taskId: "t-42", orchId: "crm" }))
  const attempt = () => on.authority.register(CALLER, { ...good, ...change(good) })
  await on.refused(attempt, refusal, [{ ...DENIED, ...subject }])
  const [{ task_id, orch_id } = {}] = (await on.events()).slice(-1)
  expect({ task_id, orch_id }).toEqual({ task_id: undefined, orch_id: undefined, ...subject })
  expect(await on.authority.register(CALLER, good)).toMatchObject({ expiresIn: 600 })
})

test("is refused with a launch token that has expired or was used", async () => {
  await using on = await testAuthority()
  const used = on.request(await on.launch())
  await on.authority.register(CALLER, used)
  const again = () => on.authority.register(CALLER, on.request(used.launchToken))
  await on.refused(again, { ...FAILED, reason: "launch token was already used" }, [{ ...DENIED, ...IDS }])
  const late = await on.launch({ ttl: 10 })
  const expired = () => on.authority.register(CALLER, on.request(late))
  on.clock.set(on.clock.now() + 10_000)
  await on.refused(expired, { ...FAILED, reason: "launch token expired 0 s ago" }, [{ ...DENIED, ...IDS }])
  on.clock.set(on.clock.now() + 15_000)
  await on.refused(expired, { ...FAILED, reason: "launch token expired 15 s ago" }, [{ ...DENIED, ...IDS }])
})

test("is refused with a nonce that has expired or was used", async () => {
  await using on = await testAuthority()
  const launchToken = await on.launch({ singleUse: false })
  const good = on.request(launchToken)
  await on.authority.register(CALLER, good)
  const again = () => on.authority.register(CALLER, good)
  await on.refused(again, { ...FAILED, reason: "nonce was already used" }, [{ ...DENIED, ...IDS }])
  const slow = on.request(launchToken)
  on.clock.set(on.clock.now() + 75_000)
  const late = () => on.authority.register(CALLER, slow)
  await on.refused(late, { ...FAILED, reason: "nonce expired 45 s ago" }, [{ ...DENIED, ...IDS }])
})

test("is refused for a revoked task", async () => {
  await using on = await testAuthority()
  await on.authority.revoke(CALLER, on.operator, { level: "task", target: "t-42" })
  const refusal = { code: "forbidden", detail: "task t-42 is revoked" } as const
  await on.refused(() => on.agent(), refusal, [
    { event_type: "launch_token_issued", outcome: "success", detail: expect.anything() },
    DENIED,
  ])
})

test("is refused when the app is inactive or its ceiling no longer covers the scope", async () => {
  await using on = await testAuthority()
  const { appId, claims } = await on.app()
  const policy = { agentName: "worker", allowedScope: ["read:data:*"], ttl: 600, singleUse: false }
  const { launchToken } = await on.authority.createAppLaunchToken(CALLER, claims, policy)
  const attempt = () => on.authority.register(CALLER, on.request(launchToken))
  await on.authority.updateApp(CALLER, on.operator, appId, { scopes: ["read:data:8"] })
  await on.refused(
    attempt,
    {
      code: "forbidden",
      detail: "the scope is beyond the ceiling of the app that launched this agent",
      reason: `scope read:data:7 not covered by the ceiling of ${appId}: read:data:8`,
      hint: "missing: read:data:7; nearest allowed: read:data:8",
    },
    [{ ...DENIED, ...IDS }],
  )
  await on.authority.deregisterApp(CALLER, on.operator, appId)
  const inactive = { detail: "the app that launched this agent is inactive", reason: `${appId} is inactive` }
  await on.refused(attempt, { code: "forbidden", ...inactive }, [{ ...DENIED, ...IDS }])
})

test("of concurrent registrations with one single-use launch token, exactly one succeeds", async () => {
  await using on = await testAuthority()
  const launchToken = await on.launch()
  const attempts = Array.from({ length: 8 }, () => on.authority.register(CALLER, on.request(launchToken)))
  const settled = await Promise.allSettled(attempts)
  expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
  for (const outcome of settled)
    if (outcome.status === "rejected")
      expect(outcome.reason).toMatchObject({ ...FAILED, reason: "launch token was already used" })
  expect((await on.events()).filter(({ event_type }) => event_type === "agent_registered")).toHaveLength(1)
  const stored = await on.store.records.launchToken(hash("sha256", launchToken))
  expect(stored?.spentAt).toBe(on.clock.now())
})

test("a stranger's ids reach the trail only up to 128 characters", async () => {
  await using on = await testAuthority()
  for (const [length, quoted] of [
    [128, true],
    [129, false],
  ] as const) {
    const taskId = "x".repeat(length)
    const stranger = () => on.authority.register(CALLER, on.request(HEX, { taskId }))
    await on.refused(stranger, FAILED, [DENIED])
    expect((await on.events()).at(-1)?.task_id).toBe(quoted ? taskId : undefined)
  }
})
