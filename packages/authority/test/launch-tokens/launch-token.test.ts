import { hash } from "node:crypto"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

test("an operator's launch token is stored by its hash alone, with the defaults of its policy", async () => {
  await using on = await testAuthority()
  const request = { agentName: "worker", allowedScope: ["read:data:*"] }
  const { id, launchToken, expiresAt, policy } = await on.authority.createLaunchToken(CALLER, on.operator, request)
  expect(launchToken).toMatch(/^[0-9a-f]{64}$/)
  expect(expiresAt).toBe(on.clock.now() + 30_000)
  expect(policy).toEqual({ allowedScope: ["read:data:*"], maxTtl: 300 })
  const stored = { ...request, maxTtl: 300, singleUse: true, uses: 0, createdAt: on.clock.now(), expiresAt }
  const hashed = hash("sha256", launchToken)
  expect(id).toBe(`lt-${hashed.slice(0, 16)}`)
  expect(await on.store.records.launchToken(hashed)).toMatchObject({ hash: hashed, ...stored })
  expect((await on.events()).at(-1)).toMatchObject({
    event_type: "launch_token_issued",
    agent_id: "admin",
    outcome: "success",
    detail: `launch token ${id} for worker: scope read:data:*, max ttl 300 s, single use, valid 30 s`,
  })
})

test("the event of a bound launch token names its task and orchestration", async () => {
  await using on = await testAuthority()
  await on.launch({ taskId: "t-1", orchId: "crm", singleUse: false, ttl: 60, maxTtl: 10 })
  expect((await on.events()).at(-1)).toMatchObject({
    task_id: "t-1",
    orch_id: "crm",
    detail: expect.stringContaining(" for worker: scope read:data:*, max ttl 10 s, many uses, valid 60 s"),
  })
})

test("an app's launch token is the app's, within its ceiling", async () => {
  await using on = await testAuthority()
  const { appId, claims } = await on.app("crm", ["read:data:*"])
  const request = { agentName: "worker", allowedScope: ["read:data:7"] }
  const { launchToken } = await on.authority.createAppLaunchToken(CALLER, claims, request)
  expect(await on.store.records.launchToken(hash("sha256", launchToken))).toMatchObject({ appId })
  const wider = { agentName: "worker", allowedScope: ["write:data:1", "read:data:7", "write:data:2"] }
  const denied = { event_type: "scope_ceiling_exceeded", agent_id: `app:${appId}` } as const
  await on.refused(
    () => on.authority.createAppLaunchToken(CALLER, claims, wider),
    {
      code: "forbidden",
      detail: "the scope is beyond the app's ceiling: write:data:1 write:data:2",
      reason: "scope write:data:1 write:data:2 not covered by read:data:*",
      hint: expect.stringMatching(/^missing: write:data:1 write:data:2/),
    },
    [denied],
  )
  await on.authority.deregisterApp(CALLER, on.operator, appId)
  const inactive = () => on.authority.createAppLaunchToken(CALLER, claims, request)
  const refusal = { code: "forbidden", detail: "the app is inactive" } as const
  await on.refused(inactive, refusal, [{ event_type: "launch_token_denied", agent_id: `app:${appId}` }])
})

test("an operator lists all unexpired launch tokens, newest first, and voids one by its id; its agents live on", async () => {
  await using on = await testAuthority()
  const { agent, appId } = await on.app()
  const { claims, accessToken } = await agent()
  on.clock.set(on.clock.now() + 1000)
  const mine = await on.authority.createLaunchToken(CALLER, on.operator, {
    agentName: "b",
    allowedScope: ["read:data:*"],
  })
  const { launchTokens, total } = await on.authority.listLaunchTokens()
  const [first, second] = launchTokens
  expect([total, first?.id, first?.uses, second?.appId, second?.uses]).toEqual([2, mine.id, 0, appId, 1])
  expect(JSON.stringify(launchTokens)).not.toContain(mine.launchToken)
  expect(JSON.stringify(launchTokens)).not.toContain(hash("sha256", mine.launchToken))
  for (const { id } of launchTokens) await on.authority.revokeLaunchToken(CALLER, on.operator, id)
  expect((await on.events()).at(-1)).toMatchObject({ event_type: "launch_token_revoked", agent_id: "admin" })
  expect(await on.authority.listLaunchTokens()).toEqual({ launchTokens: [], total: 0 })
  await expect(on.authority.register(CALLER, on.request(mine.launchToken))).rejects.toThrow("launch token is unknown")
  expect((await on.claimsOf(accessToken)).jti).toBe(claims.jti)
})

test("an app lists and voids its own launch tokens; those of others are unknown to it", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.app("one"), await on.app("other")]
  const policy = { agentName: "worker", allowedScope: ["read:data:*"] }
  const { id } = await on.authority.createAppLaunchToken(CALLER, one.claims, policy)
  expect((await on.authority.listAppLaunchTokens(one.claims)).launchTokens).toMatchObject([{ id, appId: one.appId }])
  expect(await on.authority.listAppLaunchTokens(other.claims)).toEqual({ launchTokens: [], total: 0 })
  const denied = { event_type: "launch_token_revoked", agent_id: `app:${other.appId}` } as const
  await on.refused(() => on.authority.revokeAppLaunchToken(CALLER, other.claims, id), { code: "not_found" }, [denied])
  await on.authority.revokeAppLaunchToken(CALLER, one.claims, id)
  await expect(on.authority.revokeAppLaunchToken(CALLER, one.claims, id)).rejects.toMatchObject({ code: "not_found" })
})

test("expired launch tokens are neither listed nor found", async () => {
  await using on = await testAuthority()
  const request = { agentName: "worker", allowedScope: ["read:data:*"], ttl: 30 }
  const { id } = await on.authority.createLaunchToken(CALLER, on.operator, request)
  on.clock.set(on.clock.now() + 30_000)
  expect((await on.authority.listLaunchTokens()).total).toBe(0)
  await expect(on.authority.revokeLaunchToken(CALLER, on.operator, id)).rejects.toMatchObject({ code: "not_found" })
  await expect(on.authority.revokeLaunchToken(CALLER, on.operator, undefined)).rejects.toMatchObject({
    code: "not_found",
  })
})
