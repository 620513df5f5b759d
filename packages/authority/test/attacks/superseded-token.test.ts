import { randomBytes, randomUUID } from "node:crypto"
import { createProof, createSigningKey } from "@agentwrit/core"
import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before, a superseded token that came back had no consequence: a thief who renewed a stolen token was the agent from
// then on, and the agent's own next request was only refused.

type Setting = Awaited<ReturnType<typeof testAuthority>>

const REVOKED = { code: "token_revoked", detail: "token has been revoked" } as const

/** A thief renews the agent's token; then time passes. */
async function stolen(on: Setting, seconds: number) {
  const agent = await on.agent()
  const thief = await on.authority.renewToken(CALLER, agent.claims)
  on.clock.set(on.clock.now() + seconds * 1000)
  return { agent, thief }
}

const isGood = async (on: Setting, token: string) => (await on.authority.validateToken(CALLER, token)) !== undefined

const detections = async (on: Setting) =>
  (await on.events()).filter(({ event_type }) => event_type === "token_reuse_detected")

test.each<[string, (on: Setting, token: string) => Promise<unknown>]>([
  ["a route", (on, token) => on.authority.authenticate(CALLER, token, { kinds: ["agent"] }).catch(() => undefined)],
  [
    "a route of operators",
    (on, token) => on.authority.authenticate(CALLER, token, { kinds: ["admin"] }).catch(() => 0),
  ],
  ["validation", (on, token) => on.authority.validateToken(CALLER, token)],
])("the agent ends when its superseded token comes back at %s", async (_, present) => {
  await using on = await testAuthority()
  const { agent, thief } = await stolen(on, 11)
  const delegated = await on.delegate(await on.claimsOf(thief.accessToken), (await on.agent()).agentId)
  await present(on, agent.accessToken)
  expect(await isGood(on, thief.accessToken)).toBe(false)
  expect(await isGood(on, delegated.accessToken)).toBe(false)
  const detail = `token ${agent.claims.jti} came back 11 s after its renewal: agent revoked`
  expect(await detections(on)).toMatchObject([{ agent_id: agent.agentId, outcome: "success", detail }])
})

test("an operator's revocation of the superseded token does not restart the 10 s", async () => {
  await using on = await testAuthority()
  const { agent, thief } = await stolen(on, 11)
  await on.authority.revoke(CALLER, on.operator, { level: "token", target: agent.claims.jti })
  expect(await isGood(on, agent.accessToken)).toBe(false)
  expect(await isGood(on, thief.accessToken)).toBe(false)
  expect(await detections(on)).toHaveLength(1)
})

test("within 10 s it is only refused: the client may have sent requests side by side", async () => {
  await using on = await testAuthority()
  const { agent, thief } = await stolen(on, 10)
  await expect(on.claimsOf(agent.accessToken)).rejects.toMatchObject(REVOKED)
  expect(await isGood(on, thief.accessToken)).toBe(true)
})

test("a flood of it makes one revocation and one event", async () => {
  await using on = await testAuthority()
  const { agent } = await stolen(on, 11)
  await Promise.all(Array.from({ length: 20 }, () => on.authority.validateToken(CALLER, agent.accessToken)))
  await on.authority.validateToken(CALLER, agent.accessToken)
  expect(await detections(on)).toHaveLength(1)
  expect((await on.store.revocations.page(0, 10, 0)).entries).toMatchObject([{ level: "token" }, { level: "agent" }])
})

test("it is detected after a restart, and after further renewals", async () => {
  const data = new MemoryData()
  const on = await testAuthority({ store: new MemoryStore({ data }) })
  const { agent, thief } = await stolen(on, 11)
  const { accessToken } = await on.authority.renewToken(CALLER, await on.claimsOf(thief.accessToken))
  await on.authority.close()
  await using again = await testAuthority({ store: new MemoryStore({ data }) })
  again.clock.set(on.clock.now())
  expect(await isGood(again, accessToken)).toBe(true)
  expect(await isGood(again, agent.accessToken)).toBe(false)
  expect(await isGood(again, accessToken)).toBe(false)
})

test("a released, a delegated and an expired token that come back end nobody", async () => {
  await using on = await testAuthority()
  const [one, other] = [await on.agent(), await on.agent()]
  const delegated = await on.delegate(one.claims, other.agentId)
  await on.authority.releaseToken(CALLER, delegated.claims)
  await on.authority.releaseToken(CALLER, one.claims)
  const { agent } = await stolen(on, 11)
  for (const { accessToken } of [one, delegated]) await on.authority.validateToken(CALLER, accessToken)
  on.clock.set(agent.claims.exp * 1000)
  await on.authority.validateToken(CALLER, agent.accessToken)
  expect(await detections(on)).toEqual([])
})

test("with a bound token only the holder of its key can end the agent", async () => {
  await using on = await testAuthority()
  const key = createSigningKey(randomBytes(32))
  const { nonce } = on.authority.challenge()
  const request = on.request(await on.launch(), {
    nonce,
    publicKey: Buffer.from(key.publicKey).toString("base64"),
    signature: Buffer.from(key.sign(Buffer.from(nonce, "hex"))).toString("base64"),
    bound: true,
  })
  const { accessToken } = await on.authority.register(CALLER, request)
  const http = { method: "POST", url: "https://broker.example/v1/token/renew", token: accessToken }
  const proven = async () => {
    const iat = Math.floor(on.clock.now() / 1000)
    return { ...http, proof: await createProof(key, { ...http, iat, jti: randomUUID() }) }
  }
  const held = await on.authority.authenticate(CALLER, await proven(), { kinds: ["agent"] })
  const renewed = await on.authority.renewToken(CALLER, held)
  on.clock.set(on.clock.now() + 11_000)
  for (const presented of [accessToken, { ...http, proof: undefined }])
    await expect(on.authority.authenticate(CALLER, presented, { kinds: ["agent"] })).rejects.toMatchObject(REVOKED)
  await on.authority.validateToken(CALLER, accessToken)
  expect(await isGood(on, renewed.accessToken)).toBe(true)
  await expect(on.authority.authenticate(CALLER, await proven(), { kinds: ["agent"] })).rejects.toMatchObject(REVOKED)
  expect(await isGood(on, renewed.accessToken)).toBe(false)
})
