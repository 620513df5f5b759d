import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

test("after a rotation both secrets sign in until the grace period ends", async () => {
  await using on = await testAuthority()
  const { appId, clientId, clientSecret } = await on.app()
  const signIn = (secret: string) => on.authority.signInApp(CALLER, { clientId, clientSecret: secret })
  const rotated = await on.authority.rotateAppSecret(CALLER, on.operator, appId, { grace: 60 })
  expect(rotated).toMatchObject({ appId, previousValidUntil: on.clock.now() + 60_000 })
  expect(rotated.clientSecret).toMatch(/^[0-9a-f]{64}$/)
  const event = (await on.events()).at(-1)
  expect(event).toMatchObject({ event_type: "app_secret_rotated", agent_id: "admin", outcome: "success" })
  expect(event?.detail).toBe(`${appId}: new secret, the old one stays valid for 60 s`)
  await signIn(rotated.clientSecret)
  expect((await on.events()).at(-1)?.detail).toMatch(/^app signed in, /)
  await signIn(clientSecret)
  expect((await on.events()).at(-1)?.detail).toMatch(/^app signed in with its previous secret, /)
  on.clock.set(on.clock.now() + 60_000)
  await on.refused(
    () => signIn(clientSecret),
    { code: "unauthorized", reason: `the previous secret of ${appId} has ended` },
    [{ event_type: "app_auth_failed" }],
  )
  await signIn(rotated.clientSecret)
})

test("a rotation without grace ends the old secret at once; another rotation ends the oldest", async () => {
  await using on = await testAuthority()
  const { appId, clientId, clientSecret } = await on.app()
  const signIn = (secret: string) => on.authority.signInApp(CALLER, { clientId, clientSecret: secret })
  const second = await on.authority.rotateAppSecret(CALLER, on.operator, appId)
  const third = await on.authority.rotateAppSecret(CALLER, on.operator, appId)
  await expect(signIn(clientSecret)).rejects.toMatchObject({ code: "unauthorized" })
  await signIn(second.clientSecret)
  const fourth = await on.authority.rotateAppSecret(CALLER, on.operator, appId, { grace: 0 })
  for (const { clientSecret } of [second, third])
    await expect(signIn(clientSecret)).rejects.toMatchObject({ code: "unauthorized" })
  await signIn(fourth.clientSecret)
})

test("an inactive app gets no new secret", async () => {
  await using on = await testAuthority()
  const { appId } = await on.app()
  await on.authority.deregisterApp(CALLER, on.operator, appId)
  const denied = { event_type: "app_secret_rotated", agent_id: "admin" } as const
  await on.refused(() => on.authority.rotateAppSecret(CALLER, on.operator, appId), { code: "conflict" }, [denied])
})

test.each([
  [["launcher"], ["app:launch-tokens:*", "app:agents:*", "app:audit:read"]],
  [["verifier"], ["app:introspect:*"]],
  [
    ["verifier", "gateway"],
    ["app:introspect:*", "app:report-use:*"],
  ],
] as const)("an app of roles %j signs in with the scopes %j", async (roles, scopes) => {
  await using on = await testAuthority()
  const app = await on.app("crm", ["read:data:*"], { roles })
  expect(app.claims.scope).toEqual(scopes)
})
