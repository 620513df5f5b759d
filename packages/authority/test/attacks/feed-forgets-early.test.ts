import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, the feed's entry ended after the present AA_MAX_TTL, although the token was issued under a longer one:
// verifiers accepted the revoked token again.
test("the entry of an app's revoked token lasts as long as the token, also after AA_MAX_TTL was lowered", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 86_400, appTokenTtl: 86_400 } })
  const { claims } = await on.app()
  await using lowered = await testAuthority({ store: on.store, settings: { maxTtl: 600 } })
  await lowered.authority.revoke(CALLER, lowered.operator, { level: "token", target: claims.jti })
  const { entries } = await on.store.revocations.page(0, 10, on.clock.now())
  expect(entries.map(({ expiresAt }) => expiresAt)).toEqual([claims.exp * 1000])
})

test("so does the entry of a superseded token that an operator revokes after AA_MAX_TTL was lowered", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 86_400 } })
  const { claims } = await on.agent({ requestedTtl: 86_400 }, { maxTtl: 86_400 })
  await on.authority.renewToken(CALLER, claims)
  await using lowered = await testAuthority({ store: on.store, settings: { maxTtl: 600 } })
  await lowered.authority.revoke(CALLER, lowered.operator, { level: "token", target: claims.jti })
  const { entries } = await on.store.revocations.page(0, 10, on.clock.now())
  expect(entries.map(({ expiresAt, alone }) => [expiresAt, alone])).toEqual([[claims.exp * 1000, undefined]])
})
