import { expect, test } from "vitest"
import { retention } from "../../src/revocation/retention.ts"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, an app that was revoked as a subject still signed in, its launch tokens registered, and its agents renewed.
test("deregistering with revoke ends the app, its launch tokens, its agents and what they delegated", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  const [agent, other] = [await app.agent(), await on.agent()]
  const delegated = await on.delegate(agent.claims, other.agentId)
  await on.authority.deregisterApp(CALLER, on.operator, app.appId, true)
  const { clientId, clientSecret } = app
  await expect(on.authority.signInApp(CALLER, { clientId, clientSecret })).rejects.toMatchObject({
    code: "unauthorized",
  })
  for (const token of [app.accessToken, agent.accessToken, delegated.accessToken])
    await expect(on.claimsOf(token, "app", "agent")).rejects.toMatchObject({ code: "token_revoked" })
  expect((await on.claimsOf(other.accessToken)).sub).toBe(other.agentId)
})

test("the agents of an app that was deregistered before can still be ended", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  const agent = await app.agent()
  await on.authority.deregisterApp(CALLER, on.operator, app.appId)
  expect((await on.claimsOf(agent.accessToken)).app_id).toBe(app.appId)
  await on.authority.deregisterApp(CALLER, on.operator, app.appId, true)
  await expect(on.claimsOf(agent.accessToken)).rejects.toMatchObject({ code: "token_revoked" })
})

test("a revoked app cannot sign in or launch until it is restored; launch tokens of before stay void", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  const { appId, clientId, clientSecret, claims } = app
  const policy = { agentName: "worker", allowedScope: ["read:data:*"], ttl: 600 }
  const { launchToken } = await on.authority.createAppLaunchToken(CALLER, claims, policy)
  await on.authority.revoke(CALLER, on.operator, { level: "app", target: appId })
  const signIn = () => on.authority.signInApp(CALLER, { clientId, clientSecret })
  await on.refused(signIn, { code: "unauthorized", detail: "sign-in failed", reason: `${appId} is revoked` }, [
    { event_type: "app_auth_failed" },
  ])
  await expect(on.authority.createAppLaunchToken(CALLER, claims, policy)).rejects.toMatchObject({ code: "forbidden" })
  await expect(on.authority.register(CALLER, on.request(launchToken))).rejects.toThrow("ended with a revocation")
  on.clock.set(on.clock.now() + 1000)
  const restored = await on.authority.restoreApp(CALLER, on.operator, appId)
  expect(restored.revokedAt).toBeUndefined()
  expect((await on.events()).at(-1)).toMatchObject({ event_type: "app_restored", detail: `${appId} restored` })
  await expect(on.authority.register(CALLER, on.request(launchToken))).rejects.toThrow("ended with a revocation")
  const again = await on.claimsOf((await signIn()).accessToken, "app")
  const fresh = await on.authority.createAppLaunchToken(CALLER, again, policy)
  expect((await on.authority.register(CALLER, on.request(fresh.launchToken))).expiresIn).toBe(300)
})

test("an app that version 2.0.0 revoked as a subject is revoked whole, for good", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  const agent = await app.agent()
  const revocation = {
    level: "agent",
    target: `app:${app.appId}`,
    revokedAt: on.clock.now(),
    ...retention(null),
  } as const
  await on.store.commit({ writes: [{ type: "revoke", revocation }], events: [] })
  await expect(on.authority.renewToken(CALLER, agent.claims)).rejects.toMatchObject({ code: "forbidden" })
  await expect(app.agent()).rejects.toMatchObject({ code: "forbidden" })
  const { clientId, clientSecret } = app
  await expect(on.authority.signInApp(CALLER, { clientId, clientSecret })).rejects.toMatchObject({
    code: "unauthorized",
  })
  await expect(on.authority.restoreApp(CALLER, on.operator, app.appId)).rejects.toMatchObject({ code: "conflict" })
})
