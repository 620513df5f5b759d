import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before: who lowered the expiry of a token in the database of a running broker made a revocation of it end early. The
// token was good again.

test("a revoked token stays revoked until it expires, also when its row named an earlier time", async () => {
  const data = new MemoryData()
  const clock = settableClock()
  await using on = await testAuthority({ clock, store: new MemoryStore({ data, clock }) })
  const { accessToken, claims } = await on.agent({ requestedTtl: 600 })
  const row = data.agents.get(claims.sub)
  if (row === undefined) throw new Error("the agent is not stored")
  data.agents.set(claims.sub, { ...row, agent: { ...row.agent, expiresAt: 1 } })
  await on.authority.revoke(CALLER, on.operator, { level: "token", target: claims.jti })
  data.agents.set(claims.sub, row)
  const { entries } = await on.store.revocations.page(0, 10, 0)
  expect(entries[0]?.expiresAt).toBeGreaterThanOrEqual(claims.exp * 1000)
  clock.set(claims.exp * 1000 - 1000)
  await on.authority.maintain()
  expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
})
