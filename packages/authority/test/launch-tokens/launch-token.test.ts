import { hash } from "node:crypto"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

test("an operator's launch token is stored by its hash alone, with the defaults of its policy", async () => {
  await using on = await testAuthority()
  const request = { agentName: "worker", allowedScope: ["read:data:*"] }
  const { launchToken, expiresAt, policy } = await on.authority.createLaunchToken(CALLER, on.operator, request)
  expect(launchToken).toMatch(/^[0-9a-f]{64}$/)
  expect(expiresAt).toBe(on.clock.now() + 30_000)
  expect(policy).toEqual({ allowedScope: ["read:data:*"], maxTtl: 300 })
  const stored = { ...request, maxTtl: 300, singleUse: true, uses: 0, createdAt: on.clock.now(), expiresAt }
  const hashed = hash("sha256", launchToken)
  expect(await on.store.records.launchToken(hashed)).toMatchObject({ hash: hashed, ...stored })
  expect((await on.events()).at(-1)).toMatchObject({
    event_type: "launch_token_issued",
    agent_id: "admin",
    outcome: "success",
    detail: "launch token for worker: scope read:data:*, max ttl 300 s, single use, valid 30 s",
  })
})

test("the event of a bound launch token names its task and orchestration", async () => {
  await using on = await testAuthority()
  await on.launch({ taskId: "t-1", orchId: "crm", singleUse: false, ttl: 60, maxTtl: 10 })
  expect((await on.events()).at(-1)).toMatchObject({
    task_id: "t-1",
    orch_id: "crm",
    detail: "launch token for worker: scope read:data:*, max ttl 10 s, many uses, valid 60 s",
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
      detail: "allowed_scope is beyond the app's ceiling: write:data:1 write:data:2",
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
