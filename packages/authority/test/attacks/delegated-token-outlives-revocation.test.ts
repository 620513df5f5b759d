import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, tokens that were delegated to an agent outlived the revocation of that agent's task, and what was delegated
// from a token outlived the revocation of the token.

const REVOKED = { code: "token_revoked" } as const

test("revoking the delegate's task ends what was delegated to it", async () => {
  await using on = await testAuthority()
  const [delegator, delegate] = [await on.agent(), await on.agent({ taskId: "t-77" })]
  const delegated = await on.delegate(delegator.claims, delegate.agentId)
  await on.authority.revoke(CALLER, on.operator, { level: "task", target: "t-77" })
  await expect(on.claimsOf(delegated.accessToken)).rejects.toMatchObject(REVOKED)
  expect((await on.claimsOf(delegator.accessToken)).sub).toBe(delegator.agentId)
})

test("revoking a token ends what was delegated from it, also further down", async () => {
  await using on = await testAuthority()
  const [first, second, third] = [await on.agent(), await on.agent(), await on.agent()]
  const delegated = await on.delegate(first.claims, second.agentId)
  const further = await on.delegate(delegated.claims, third.agentId)
  await on.authority.revoke(CALLER, on.operator, { level: "token", target: first.claims.jti })
  for (const { accessToken } of [first, delegated, further])
    await expect(on.claimsOf(accessToken)).rejects.toMatchObject(REVOKED)
  expect((await on.claimsOf(second.accessToken)).sub).toBe(second.agentId)
})
