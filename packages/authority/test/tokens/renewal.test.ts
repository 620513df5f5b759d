import { expect, test } from "vitest"
import { InterceptedStore } from "../intercepted-store.ts"
import { CALLER, testAuthority } from "../test-authority.ts"

const DENIED = { event_type: "token_renewal_failed" } as const
const REVOKED = { code: "token_revoked", detail: "token has been revoked" } as const

test("a renewal keeps subject, scope, task and TTL, and revokes the old token", async () => {
  await using on = await testAuthority()
  const { accessToken, agentId, claims: old } = await on.agent({ requestedTtl: 120 })
  on.clock.set(on.clock.now() + 100_000)
  const renewed = await on.authority.renewToken(CALLER, old)
  expect(renewed.expiresIn).toBe(120)
  const claims = await on.claimsOf(renewed.accessToken)
  const now = on.clock.now() / 1000
  expect(claims).toEqual({ ...old, jti: claims.jti, iat: now, nbf: now, exp: now + 120 })
  expect(claims.jti).not.toBe(old.jti)
  expect((await on.events()).at(-1)).toMatchObject({
    event_type: "token_renewed",
    agent_id: agentId,
    detail: `token ${old.jti} replaced by ${claims.jti}, ttl 120 s`,
    outcome: "success",
  })
  expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
  const { entries } = await on.store.revocations.page(0, 10, 0)
  const expiresAt = old.exp * 1000
  expect(entries).toMatchObject([{ level: "token", expiresAt, pruneAfter: expiresAt + 5 * 60_000 }])
})

test("the TTL is limited by a setting that was lowered since the registration", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 100 } })
  const { claims } = await on.agent()
  const stored = (await on.store.records.agent(claims.sub)) ?? expect.fail()
  expect(stored.ttl).toBe(100)
  expect((await on.authority.renewToken(CALLER, claims)).expiresIn).toBe(100)
})

test("a delegated token cannot be renewed", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent(), await on.agent()]
  const { claims } = await on.delegate(one.claims, other.agentId)
  const detail = "a delegated token cannot be renewed"
  const refusal = { code: "forbidden", detail, hint: "ask the delegator for another token" } as const
  await on.refused(() => on.authority.renewToken(CALLER, claims), refusal, [{ ...DENIED, agent_id: other.agentId }])
})

test("a token is refused as revoked once it was renewed or released", async () => {
  await using on = await testAuthority()
  for (const end of ["renewToken", "releaseToken"] as const) {
    const { claims } = await on.agent()
    await on.authority[end](CALLER, claims)
    const reason = "token was renewed, released or revoked meanwhile"
    const denied = [{ event_type: "token_revoked_access" } as const, DENIED]
    await on.refused(() => on.authority.renewToken(CALLER, claims), { ...REVOKED, reason }, denied)
  }
})

test("a token of an unknown agent, or that is not the agent's own, is refused", async () => {
  await using on = await testAuthority()
  const { claims } = await on.agent()
  for (const [changes, reason] of [
    [{ jti: "0".repeat(32) }, "token is not the agent's current token"],
    [{ sub: `${claims.sub.slice(0, -1)}g` }, "agent is unknown"],
  ] as const) {
    const attempt = () => on.authority.renewToken(CALLER, { ...claims, ...changes })
    await on.refused(attempt, { code: "unauthorized", detail: "token renewal failed", reason }, [DENIED])
  }
})

test("is refused when the app is inactive or its ceiling no longer covers the scope", async () => {
  await using on = await testAuthority()
  const { appId, agent } = await on.app()
  const { claims } = await agent()
  await on.authority.updateApp(CALLER, on.operator, appId, { scopes: ["read:data:8"] })
  const narrowed = {
    code: "forbidden",
    detail: "the scope is beyond the ceiling of the app that launched this agent",
  } as const
  await on.refused(() => on.authority.renewToken(CALLER, claims), narrowed, [DENIED])
  await on.authority.deregisterApp(CALLER, on.operator, appId)
  const inactive = { code: "forbidden", detail: "the app that launched this agent is inactive" } as const
  await on.refused(() => on.authority.renewToken(CALLER, claims), inactive, [DENIED])
})

test("of concurrent renewals of one token, exactly one succeeds", async () => {
  await using on = await testAuthority()
  const { claims } = await on.agent()
  const settled = await Promise.allSettled(Array.from({ length: 8 }, () => on.authority.renewToken(CALLER, claims)))
  expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1)
  for (const outcome of settled) if (outcome.status === "rejected") expect(outcome.reason).toMatchObject(REVOKED)
  expect((await on.events()).filter(({ event_type }) => event_type === "token_renewed")).toHaveLength(1)
})

test("a revocation that races a renewal leaves no good token", async () => {
  const store = new InterceptedStore()
  await using on = await testAuthority({ store })
  const { claims } = await on.agent()
  store.beforeWrite = () => on.authority.revoke(CALLER, on.operator, { level: "token", target: claims.jti })
  await expect(on.authority.renewToken(CALLER, claims)).rejects.toMatchObject(REVOKED)
})

test("the event of a token beyond 4 KB warns of its size, at registration, renewal and delegation", async () => {
  await using on = await testAuthority()
  const scope = Array.from({ length: 120 }, (_, n) => `read:data:customer-${n}`)
  const { claims } = await on.agent({ requestedScope: scope }, { allowedScope: scope })
  const { agentId: delegateTo } = await on.agent({ requestedScope: ["read:data:7"] })
  await on.delegate(claims, delegateTo, { scope })
  await on.authority.renewToken(CALLER, claims)
  const issued = (await on.events()).filter(({ event_type }) =>
    ["token_issued", "delegation_created", "token_renewed"].includes(event_type),
  )
  const warning = expect.stringMatching(/; warning: the token has \d{4,5} bytes, and proxies may refuse such a header$/)
  expect(issued.map(({ detail }) => detail)).toEqual([
    warning,
    expect.not.stringContaining("warning"),
    warning,
    warning,
  ])
})
