import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, a stolen token could be renewed for ever: nothing limited the whole life of an agent.
test("no renewal reaches beyond max_lifetime", async () => {
  await using on = await testAuthority()
  const registeredAt = on.clock.now() / 1000
  let { claims } = await on.agent({ requestedTtl: 40 }, { maxLifetime: 100 })
  const renew = async (): Promise<number> => {
    const { accessToken, expiresIn } = await on.authority.renewToken(CALLER, claims)
    claims = await on.claimsOf(accessToken)
    return expiresIn
  }
  on.clock.set(on.clock.now() + 30_000)
  expect(await renew()).toBe(40)
  on.clock.set(on.clock.now() + 39_000)
  expect(await renew()).toBe(31)
  expect(claims.exp).toBe(registeredAt + 100)
  on.clock.set(on.clock.now() + 30_999)
  expect(await renew()).toBe(1)
  expect(claims.exp).toBe(registeredAt + 100)
})

test("the operator's limit is the upper limit of every agent, also of the first token and of what is delegated to it", async () => {
  await using on = await testAuthority({ settings: { maxAgentLifetime: 50 } })
  const { claims, agentId, expiresIn } = await on.agent({ requestedTtl: 600 }, { maxLifetime: 1000 })
  expect(expiresIn).toBe(50)
  on.clock.set(on.clock.now() + 20_000)
  const delegator = await on.agent()
  expect((await on.delegate(delegator.claims, agentId, { ttl: 45 })).expiresIn).toBe(30)
  expect((await on.authority.renewToken(CALLER, claims)).expiresIn).toBe(30)
})

// Before: a limit that the operator set meant nothing to the agents that were there.
test("a limit that the operator sets also ends the agents that were registered before", async () => {
  await using on = await testAuthority()
  const { claims } = await on.agent()
  await using limited = await testAuthority({ store: on.store, clock: on.clock, settings: { maxAgentLifetime: 100 } })
  on.clock.set(on.clock.now() + 60_000)
  const renewed = await limited.authority.renewToken(CALLER, claims)
  expect(renewed.expiresIn).toBe(40)
  on.clock.set(on.clock.now() + 39_999)
  const { accessToken } = await limited.authority.renewToken(CALLER, await limited.claimsOf(renewed.accessToken))
  on.clock.set(on.clock.now() + 1)
  expect(await limited.authority.validateToken(CALLER, accessToken)).toBeUndefined()
})
