import { signToken } from "@agentwrit/core"
import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { expect, test } from "vitest"
import { Seals } from "../../src/rights/seal.ts"
import { CALLER, SIGNING_KEY, testAuthority } from "../test-authority.ts"

// Before, a renewal took scope, task and TTL from the agent's record: whoever could write the database had them signed.
test("a renewal grants what the presented token says, whatever the record says", async () => {
  const data = new MemoryData()
  const recordsKey = new Uint8Array(32).fill(7)
  await using on = await testAuthority({ store: new MemoryStore({ data }), recordsKey })
  const { claims, agentId } = await on.agent({ requestedTtl: 60 })
  const stored = data.agents.get(agentId) ?? expect.fail()
  const widened = { ...stored.agent, scope: ["write:everything:*"], taskId: "t-other", orchId: "hr", ttl: 86_400 }
  const agent = { ...widened, mac: new Seals(recordsKey).agent(widened) }
  data.agents.set(agentId, { ...stored, agent })
  const renewed = await on.authority.renewToken(CALLER, claims)
  expect(renewed.expiresIn).toBe(60)
  const { jti } = await on.claimsOf(renewed.accessToken)
  expect(await on.claimsOf(renewed.accessToken)).toEqual({ ...claims, jti })
})

// Before, reserved scopes were refused in requests only: a record or an older token that had one was renewed and
// delegated.
test("a token with a reserved scope is neither renewed nor delegated", async () => {
  await using on = await testAuthority()
  const [{ claims }, other] = [await on.agent(), await on.agent()]
  for (const scope of ["admin:revoke:*", "app:launch-tokens:*"]) {
    const held = await on.claimsOf(signToken({ ...claims, scope: [scope] }, SIGNING_KEY))
    const refusal = { code: "scope_violation", detail: "the scope names a reserved action (admin, app)" }
    await expect(on.authority.renewToken(CALLER, held)).rejects.toMatchObject(refusal)
    const delegation = { delegateTo: other.agentId, scope: [scope], ttl: 60 }
    await expect(on.authority.delegate(CALLER, held, delegation)).rejects.toMatchObject(refusal)
  }
})
