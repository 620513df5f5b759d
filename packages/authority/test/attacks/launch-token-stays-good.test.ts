import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, a leaked launch token could be neither seen nor made void until it expired.
test("a leaked launch token is listed, made void, and registers nobody; its agents live on", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  const policy = { agentName: "worker", allowedScope: ["read:data:*"], ttl: 600, singleUse: false }
  const { id, launchToken } = await on.authority.createAppLaunchToken(CALLER, app.claims, policy)
  const { accessToken } = await on.authority.register(CALLER, on.request(launchToken))
  const { launchTokens } = await on.authority.listAppLaunchTokens(app.claims)
  expect(launchTokens.map((one) => [one.id, one.uses])).toEqual([[id, 1]])
  await on.authority.revokeAppLaunchToken(CALLER, app.claims, id)
  await expect(on.authority.register(CALLER, on.request(launchToken))).rejects.toMatchObject({ code: "unauthorized" })
  expect((await on.claimsOf(accessToken)).kind).toBe("agent")
})

test("an app neither sees nor voids a launch token of another app", async () => {
  await using on = await testAuthority()
  const [app, other] = [await on.app(), await on.app("other")]
  const policy = { agentName: "worker", allowedScope: ["read:data:*"], ttl: 600 }
  const { id } = await on.authority.createAppLaunchToken(CALLER, app.claims, policy)
  expect(await on.authority.listAppLaunchTokens(other.claims)).toEqual({ launchTokens: [], total: 0 })
  await expect(on.authority.revokeAppLaunchToken(CALLER, other.claims, id)).rejects.toMatchObject({ code: "not_found" })
})
