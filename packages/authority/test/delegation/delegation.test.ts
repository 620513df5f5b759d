import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

type Setting = Awaited<ReturnType<typeof testAuthority>>

const DENIED = { event_type: "delegation_created" } as const
const CEILING = "the scope is beyond the ceiling of the app that launched this agent"

test("a delegation answers the delegate's token with a signed record of the delegator", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent({ taskId: "t-1" }), await on.agent({ taskId: "t-2" })]
  on.clock.set(on.clock.now() + 1500)
  const { claims, expiresIn, delegationChain } = await on.delegate(one.claims, other.agentId, { ttl: 45 })
  expect(expiresIn).toBe(45)
  expect(claims).toMatchObject({ sub: other.agentId, kind: "agent", scope: ["read:data:7"], task_id: "t-1" })
  expect(claims.delegation_chain).toEqual(delegationChain)
  const delegated_at = new Date(on.clock.now()).toISOString()
  expect(delegationChain).toMatchObject([{ agent: one.agentId, scope: ["read:data:7"], delegated_at }])
  expect((await on.events()).at(-1)).toMatchObject({
    event_type: "delegation_created",
    agent_id: one.agentId,
    task_id: "t-1",
    outcome: "success",
    detail: `token ${claims.jti} delegated to ${other.agentId}: scope read:data:7, ttl 45 s`,
    deleg_depth: 1,
    deleg_chain_hash: claims.chain_hash,
  })
})

test("a delegated token never outlives the delegator's, nor the limit", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 400 } })
  const [one, other] = [await on.agent({ requestedTtl: 300 }), await on.agent()]
  expect((await on.delegate(one.claims, other.agentId, { ttl: 900 })).expiresIn).toBe(300)
  const long = await on.agent()
  expect((await on.delegate(long.claims, other.agentId, { ttl: 900 })).expiresIn).toBe(400)
})

test("a chain has at most five delegations, each within the one before", async () => {
  await using on = await testAuthority()
  const agents = await Promise.all(Array.from({ length: 7 }, () => on.agent()))
  let held = agents[0]?.claims ?? expect.fail()
  for (const { agentId } of agents.slice(1, 6)) held = (await on.delegate(held, agentId)).claims
  expect(held.delegation_chain).toHaveLength(5)
  const last = agents[6]?.agentId ?? expect.fail()
  const refusal = { code: "scope_violation", detail: "a chain has at most 5 delegations" } as const
  const denied = { ...DENIED, agent_id: held.sub, deleg_depth: 5 } as const
  await on.refused(() => on.delegate(held, last), refusal, [denied])
})

const inactive = (on: Setting) => async (end: (agent: Awaited<ReturnType<Setting["agent"]>>) => unknown) => {
  const agent = await on.agent({ requestedTtl: 20, taskId: `t-${Math.random()}` })
  await end(agent)
  return agent.agentId
}

test("only to another, active agent", async () => {
  await using on = await testAuthority()
  const one = await on.agent()
  const self = { code: "invalid_request", detail: "delegate_to must be another agent than the caller" } as const
  await on.refused(() => on.delegate(one.claims, one.agentId), self, [DENIED])
  const revoke = (level: "agent" | "token" | "task", target: string) =>
    on.authority.revoke(CALLER, on.operator, { level, target })
  const ended = inactive(on)
  const missing = { code: "not_found", detail: "delegate_to is not an active agent" } as const
  const ends: Parameters<typeof ended>[0][] = [
    ({ agentId }) => revoke("agent", agentId),
    ({ claims }) => revoke("token", claims.jti),
    ({ claims }) => revoke("task", claims.task_id ?? ""),
    ({ claims }) => on.authority.releaseToken(CALLER, claims),
    () => on.clock.set(on.clock.now() + 20_000),
  ]
  for (const end of ends) {
    const id = await ended(end)
    const refusal = { ...missing, reason: `delegate is not active: ${id}` }
    await on.refused(() => on.delegate(one.claims, id), refusal, [DENIED])
  }
  const unknown = `${one.agentId.slice(0, -16)}${"0".repeat(16)}`
  await on.refused(() => on.delegate(one.claims, unknown), { ...missing, reason: `delegate is unknown: ${unknown}` }, [
    DENIED,
  ])
})

test("not wider than the delegator's scope", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent(), await on.agent()]
  await on.refused(
    () => on.delegate(one.claims, other.agentId, { scope: ["read:data:8"] }),
    {
      code: "scope_violation",
      detail: "scope is wider than the delegator's",
      reason: "scope read:data:8 not covered by read:data:7",
      hint: "missing: read:data:8; nearest held: read:data:7",
    },
    [{ event_type: "delegation_attenuation_violation", agent_id: one.agentId }],
  )
})

test("not by an agent whose delegations are revoked", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent(), await on.agent()]
  await on.authority.revoke(CALLER, on.operator, { level: "chain", target: one.agentId })
  const refusal = { code: "forbidden", detail: "all that this agent delegates is revoked" } as const
  await on.refused(() => on.delegate(one.claims, other.agentId), refusal, [DENIED])
  expect(await on.authority.validateToken(CALLER, one.accessToken)).toEqual(one.claims)
})

test("not beyond the present ceiling of the caller's app, nor of any agent's in the chain", async () => {
  await using on = await testAuthority()
  const { appId, agent } = await on.app()
  const [first, second, third] = [await agent(), await on.agent(), await on.agent()]
  const { claims } = await on.delegate(first.claims, second.agentId)
  await on.authority.updateApp(CALLER, on.operator, appId, { scopes: ["read:data:8"] })
  const beyond = { code: "forbidden", detail: CEILING } as const
  await on.refused(() => on.delegate(first.claims, third.agentId), beyond, [DENIED])
  await on.refused(() => on.delegate(claims, third.agentId), beyond, [DENIED])
  await on.authority.deregisterApp(CALLER, on.operator, appId)
  const inactive = { code: "forbidden", detail: "the app that launched this agent is inactive" } as const
  await on.refused(() => on.delegate(claims, third.agentId), inactive, [DENIED])
})

test("what came from an operator's agent is bound by the ceiling of the app whose agent delegates it", async () => {
  await using on = await testAuthority()
  const { appId, agent } = await on.app()
  const [root, middle, last] = [await on.agent(), await agent(), await on.agent()]
  const { claims } = await on.delegate(root.claims, middle.agentId)
  await on.delegate(claims, last.agentId)
  await on.authority.updateApp(CALLER, on.operator, appId, { scopes: ["read:data:8"] })
  await on.refused(() => on.delegate(claims, last.agentId), { code: "forbidden", detail: CEILING }, [DENIED])
})

test("not through an agent that the store does not know, as after a restore", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent(), await on.agent()]
  const sub = `${one.agentId.slice(0, -16)}${"0".repeat(16)}`
  const refusal = { detail: "an agent of the delegation chain is unknown", reason: `agent is unknown: ${sub}` }
  const attempt = () => on.delegate({ ...one.claims, sub }, other.agentId)
  await on.refused(attempt, { code: "forbidden", ...refusal }, [{ ...DENIED, agent_id: sub }])
})

test("not with a token that was released or has expired meanwhile", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent({ requestedTtl: 10 }), await on.agent()]
  const released = await on.agent()
  await on.authority.releaseToken(CALLER, released.claims)
  const reason = "token was renewed, released or revoked meanwhile"
  const revoked = { code: "token_revoked", detail: "token has been revoked", reason } as const
  const denied = [{ event_type: "token_revoked_access" } as const, DENIED]
  await on.refused(() => on.delegate(released.claims, other.agentId), revoked, denied)
  on.clock.set(on.clock.now() + 10_000)
  const expired = {
    code: "unauthorized",
    detail: "token verification failed",
    reason: "token expired meanwhile",
  } as const
  await on.refused(() => on.delegate(one.claims, other.agentId), expired, [{ event_type: "token_auth_failed" }])
})

test("more scope than fits into a token is refused and recorded", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent({ requestedScope: ["read:data:*"] }), await on.agent()]
  const scope = Array.from({ length: 3000 }, (_, at) => `read:data:${"x".repeat(20)}${at}`)
  const detail = "the scope is too long for a token: ask for fewer or shorter scopes"
  const attempt = () => on.delegate(one.claims, other.agentId, { scope })
  await on.refused(attempt, { code: "invalid_request", detail }, [{ ...DENIED, agent_id: one.agentId }])
})

test("not to an agent of a revoked app, also after the app was restored; to a new one of it", async () => {
  await using on = await testAuthority()
  const [one, app] = [await on.agent(), await on.app()]
  const old = await app.agent()
  await on.authority.revoke(CALLER, on.operator, { level: "app", target: app.appId })
  on.clock.set(on.clock.now() + 1000)
  const { appId, clientId, clientSecret } = app
  await on.authority.restoreApp(CALLER, on.operator, appId)
  const missing = { code: "not_found", detail: "delegate_to is not an active agent" } as const
  await on.refused(() => on.delegate(one.claims, old.agentId), missing, [DENIED])
  const again = await on.claimsOf((await on.authority.signInApp(CALLER, { clientId, clientSecret })).accessToken, "app")
  const policy = { agentName: "worker", allowedScope: ["read:data:*"] }
  const { launchToken } = await on.authority.createAppLaunchToken(CALLER, again, policy)
  const { agentId } = await on.authority.register(CALLER, on.request(launchToken))
  expect((await on.delegate(one.claims, agentId)).claims.sub).toBe(agentId)
  const { agents } = await on.authority.queryAgents({ appId, limit: 10, offset: 0 })
  expect(agents).toMatchObject([
    { agentId, status: "active" },
    { agentId: old.agentId, status: "revoked" },
  ])
})
