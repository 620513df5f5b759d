import { MemoryStore } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
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

// Before, the cutoff was taken before the app was read and the count began: what was issued in between lived on.
test.each(["all", "app"] as const)("an agent that renews while level %s commits does not get away", async (level) => {
  const store = new MemoryStore({ clock: settableClock() })
  const { startCount } = store.records
  let reach: (() => Promise<unknown>) | undefined
  Object.assign(store.records, {
    startCount: async (...given: Parameters<typeof startCount>) => {
      await reach?.()
      return startCount(...given)
    },
  })
  await using on = await testAuthority({ store })
  const app = await on.app()
  const agent = await app.agent()
  let renewed = ""
  reach = async () => {
    on.clock.set(on.clock.now() + 2000)
    renewed = (await on.authority.renewToken(CALLER, agent.claims)).accessToken
  }
  await on.authority.revoke(CALLER, on.operator, { level, target: level === "all" ? "*" : app.appId })
  await expect(on.claimsOf(renewed)).rejects.toMatchObject({ code: "token_revoked" })
})

test("a count that cannot begin does not stop the revocation", async () => {
  const store = new MemoryStore({ clock: settableClock() })
  Object.assign(store.records, { startCount: () => Promise.reject(new Error("no reader")) })
  await using on = await testAuthority({ store })
  const { accessToken } = await on.agent()
  const receipt = await on.authority.revoke(CALLER, on.operator, { level: "all", target: "*" })
  expect(receipt).toEqual({ revoked: true, level: "all", target: "*", count: 1 })
  await expect(on.claimsOf(accessToken)).rejects.toMatchObject({ code: "token_revoked" })
})
