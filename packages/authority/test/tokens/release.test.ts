import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

test("a release ends the token and the agent", async () => {
  await using on = await testAuthority()
  const { accessToken, agentId, claims } = await on.agent()
  await on.authority.releaseToken(CALLER, claims)
  expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
  const event = { event_type: "token_released", agent_id: agentId, detail: `token ${claims.jti} released` }
  expect(await on.events()).toContainEqual(expect.objectContaining({ ...event, outcome: "success" }))
  const { agents } = await on.authority.queryAgents({ limit: 10, offset: 0 })
  expect(agents).toMatchObject([{ agentId, status: "released" }])
  const expiresAt = claims.exp * 1000
  const { entries } = await on.store.revocations.page(0, 10, 0)
  expect(entries).toMatchObject([{ level: "token", expiresAt, pruneAfter: expiresAt + 24 * 60 * 60_000 }])
})

test("releasing a delegated token ends that token only", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent(), await on.agent()]
  const delegated = await on.delegate(one.claims, other.agentId)
  await on.authority.releaseToken(CALLER, delegated.claims)
  expect(await on.authority.validateToken(CALLER, delegated.accessToken)).toBeUndefined()
  expect(await on.authority.validateToken(CALLER, other.accessToken)).toEqual(other.claims)
  expect(await on.authority.countActiveAgents()).toBe(2)
})

test("operators and apps can release their tokens", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  await on.authority.releaseToken(CALLER, app.claims)
  await on.authority.releaseToken(CALLER, on.operator)
  expect(await on.authority.validateToken(CALLER, app.accessToken)).toBeUndefined()
})

test("a second release is refused as revoked", async () => {
  await using on = await testAuthority()
  const { agentId, claims } = await on.agent()
  await on.authority.releaseToken(CALLER, claims)
  const reason = "token was renewed, released or revoked meanwhile"
  const refusal = { code: "token_revoked", detail: "token has been revoked", reason } as const
  const denied = [{ event_type: "token_revoked_access", agent_id: agentId } as const]
  await on.refused(() => on.authority.releaseToken(CALLER, claims), refusal, denied)
})

test("a release ends what was delegated from the token only when it cascades", async () => {
  await using on = await testAuthority()
  for (const cascade of [false, true]) {
    const [one, other] = [await on.agent(), await on.agent()]
    const delegated = await on.delegate(one.claims, other.agentId)
    await on.authority.releaseToken(CALLER, one.claims, { cascade })
    expect((await on.authority.validateToken(CALLER, delegated.accessToken)) === undefined).toBe(cascade)
    expect(await on.authority.validateToken(CALLER, other.accessToken)).toEqual(other.claims)
  }
  const detail = expect.stringMatching(/released with what was delegated from it$/)
  expect(await on.events()).toContainEqual(expect.objectContaining({ event_type: "token_released", detail }))
})
