import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, the only answer to a leaked client secret was to remove the app and register it anew.
test("a leaked client secret ends at once by a rotation without grace, and the app goes on with the new one", async () => {
  await using on = await testAuthority()
  const { appId, clientId, clientSecret } = await on.app()
  const rotated = await on.authority.rotateAppSecret(CALLER, on.operator, appId, { grace: 0 })
  const signIn = (secret: string) => on.authority.signInApp(CALLER, { clientId, clientSecret: secret })
  await expect(signIn(clientSecret)).rejects.toMatchObject({ code: "unauthorized" })
  expect((await signIn(rotated.clientSecret)).expiresIn).toBeGreaterThan(0)
})
