import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, an operator in an incident could not end everything at once.
test("level all ends every token of agents and apps and every launch token, and new ones go on", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  const [agent, other] = [await app.agent(), await on.agent()]
  const delegated = await on.delegate(agent.claims, other.agentId)
  const launchToken = await on.launch()
  await on.authority.revoke(CALLER, on.operator, { level: "all", target: "*" })
  for (const { accessToken } of [app, agent, other, delegated])
    await expect(on.claimsOf(accessToken, "app", "agent")).rejects.toMatchObject({ code: "token_revoked" })
  await expect(on.authority.register(CALLER, on.request(launchToken))).rejects.toMatchObject({ code: "unauthorized" })
  on.clock.set(on.clock.now() + 1000)
  const { clientId, clientSecret } = app
  expect((await on.authority.signInApp(CALLER, { clientId, clientSecret })).expiresIn).toBeGreaterThan(0)
  expect((await on.agent()).claims.kind).toBe("agent")
})
