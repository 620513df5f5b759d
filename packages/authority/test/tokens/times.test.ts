import { MemoryStore } from "@agentwrit/store-memory"
import { describe, expect, test } from "vitest"
import type { AuthoritySettings } from "../../src/index.ts"
import { CALLER, testAuthority } from "../test-authority.ts"

const DAY = 24 * 60 * 60 * 1000
const ANCHOR = { kept: async () => undefined, keep: async () => undefined }

test("a token is good from nbf on and until exp; a clock stepped back revives no renewed one", async () => {
  let skews = 0
  await using on = await testAuthority({ observer: { clockSkew: () => skews++ } })
  const start = on.clock.now()
  const { accessToken, claims } = await on.agent({ requestedTtl: 60 })
  const isValid = async (token: string, at: number) => {
    on.clock.set(start + at)
    return (await on.authority.validateToken(CALLER, token)) !== undefined
  }
  expect(await isValid(accessToken, -1)).toBe(false)
  expect(skews).toBe(1)
  expect(await isValid(accessToken, 59_999)).toBe(true)
  const renewed = await on.authority.renewToken(CALLER, claims)
  expect(await isValid(renewed.accessToken, 60_000)).toBe(true)
  expect(await isValid(renewed.accessToken, 119_000)).toBe(false)
  expect(await isValid(accessToken, 0)).toBe(false)
  expect(skews).toBe(1)
})

test("a nonce lives 30 s, and neither longer nor twice when the clock is stepped back", async () => {
  await using on = await testAuthority()
  const launchToken = await on.launch({ singleUse: false, ttl: 86_400 })
  const start = on.clock.now()
  on.clock.set(start + 3_600_000)
  const [used, unused, late] = [on.request(launchToken), on.request(launchToken), on.request(launchToken)]
  on.clock.set(start + 3_629_999)
  await on.authority.register(CALLER, used)
  on.clock.set(start)
  await expect(on.authority.register(CALLER, unused)).rejects.toMatchObject({ reason: "nonce is from the future" })
  on.clock.set(start + 3_600_000)
  await expect(on.authority.register(CALLER, used)).rejects.toMatchObject({ reason: "nonce was already used" })
  on.clock.set(start + 3_630_000)
  await expect(on.authority.register(CALLER, late)).rejects.toMatchObject({ reason: "nonce expired 0 s ago" })
})

describe("a token is checked against the present settings:", () => {
  type Names = Partial<Pick<AuthoritySettings, "issuer" | "audience">>
  test.each<[Names, Names, RegExp | undefined]>([
    [{}, {}, undefined],
    [{ issuer: "https://a.example" }, { issuer: "https://b.example" }, /issuer/],
    [{}, { issuer: "https://b.example" }, /issuer/],
    [{ issuer: "https://a.example" }, {}, undefined],
    [{ audience: "a" }, { audience: "b" }, /audience/],
    [{}, { audience: "b" }, /audience/],
    [{ audience: "a" }, {}, undefined],
    [{ issuer: "x", audience: "a" }, { issuer: "x", audience: "a" }, undefined],
  ])("made under %j, checked under %j", async (made, present, reason) => {
    const store = new MemoryStore()
    const before = await testAuthority({ store, anchor: ANCHOR, settings: made })
    const { accessToken, claims } = await before.agent()
    await using on = await testAuthority({ store, anchor: ANCHOR, settings: present })
    const answer = await on.authority.validateToken(CALLER, accessToken)
    expect(answer).toEqual(reason === undefined ? claims : undefined)
    if (reason !== undefined)
      expect((await on.events()).at(-1)).toMatchObject({ agent_id: claims.sub, detail: expect.stringMatching(reason) })
  })
})

// An operator may lower AA_MAX_TTL while longer tokens are in use.
test("a token delegated under a higher limit stays revoked until it expires", async () => {
  const store = new MemoryStore()
  const week = 7 * 86_400
  const before = await testAuthority({ store, anchor: ANCHOR, settings: { maxTtl: week } })
  const [one, other] = [await before.agent({}, { maxTtl: week }), await before.agent({}, { maxTtl: week })]
  const { accessToken, claims } = await before.delegate(one.claims, other.agentId, { ttl: week })
  await using on = await testAuthority({ store, anchor: ANCHOR, settings: { maxTtl: 300 } })
  await on.authority.revoke(CALLER, on.operator, { level: "token", target: claims.jti })
  const { entries } = await store.revocations.page(0, 10, 0)
  expect(entries.at(-1)).toMatchObject({ level: "token", expiresAt: claims.exp * 1000 })
  on.clock.set(on.clock.now() + 6.9 * DAY)
  await on.authority.maintain()
  expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
  expect((await on.events()).at(-1)).toMatchObject({ event_type: "token_revoked_access" })
})

// The entry of a token that no agent holds ends after AA_MAX_TTL: a token that lives longer would come back.
test("no operator's or app's token outlives the entry that revokes it", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 120, adminTokenTtl: 3600, appTokenTtl: 3600 } })
  const { claims } = await on.app()
  for (const { jti, exp } of [claims, on.operator]) {
    await on.authority.revoke(CALLER, on.operator, { level: "token", target: jti })
    const { entries } = await on.store.revocations.page(0, 10, 0)
    expect(entries.at(-1)?.expiresAt).toBeGreaterThanOrEqual(exp * 1000)
  }
})
