import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before: a token that was issued while the clock was ahead was not ended by the kill switch after the clock was set
// back. It was good again when the clock reached the time of its issuance.

const AHEAD_MS = 3000

test.each(["all", "app"] as const)(
  "level %s also ends what was issued before the clock was set back",
  async (level) => {
    await using on = await testAuthority()
    const app = await on.app()
    on.clock.step(on.clock.now() + AHEAD_MS)
    const held = await app.agent()
    const policy = { agentName: "worker", allowedScope: ["read:data:*"], ttl: 600 }
    const { launchToken } = await on.authority.createAppLaunchToken(CALLER, app.claims, policy)
    on.clock.step(on.clock.now() - AHEAD_MS)
    await on.authority.revoke(CALLER, on.operator, { level, target: level === "all" ? "*" : app.appId })
    on.clock.set(on.clock.now() + AHEAD_MS + 1000)
    if (level === "app") await on.authority.restoreApp(CALLER, on.operator, app.appId)
    await expect(on.claimsOf(held.accessToken)).rejects.toMatchObject({ code: "token_revoked" })
    await expect(on.authority.register(CALLER, on.request(launchToken))).rejects.toMatchObject({ code: "unauthorized" })
    expect((await on.agent()).claims.kind).toBe("agent")
  },
)

test("so it does after a restart", async () => {
  const data = new MemoryData()
  const clock = settableClock()
  const open = () => testAuthority({ clock, store: new MemoryStore({ data, clock }) })
  const on = await open()
  const start = clock.now()
  for (const ahead of [2 * AHEAD_MS, AHEAD_MS]) {
    clock.step(start + ahead)
    await on.agent()
  }
  clock.step(start + 2 * AHEAD_MS)
  const held = await on.agent()
  clock.step(start + 1000)
  await on.authority.close()
  await using again = await open()
  await again.authority.revoke(CALLER, again.operator, { level: "all", target: "*" })
  clock.set(start + 2 * AHEAD_MS)
  await expect(again.claimsOf(held.accessToken)).rejects.toMatchObject({ code: "token_revoked" })
})

test("a clock that was years ahead does not close the broker after the kill switch", async () => {
  await using on = await testAuthority()
  const start = on.clock.now()
  on.clock.step(start + 10 * 366 * 86_400_000)
  await on.agent()
  on.clock.step(start)
  await on.authority.revoke(CALLER, on.operator, { level: "all", target: "*" })
  on.clock.set(start + 1000)
  expect((await on.agent()).claims.kind).toBe("agent")
})
