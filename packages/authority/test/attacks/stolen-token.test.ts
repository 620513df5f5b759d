import { randomBytes, randomUUID } from "node:crypto"
import { createProof, createSigningKey, type SigningKey } from "@agentwrit/core"
import { describe, expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before: a thief of one token could renew it for ever, because renewal asked for the token alone. A delegator could
// use the token that it made for its delegate, and the trail named the delegate.

const AGENT = { kinds: ["agent"] } as const
const RENEW = "https://broker.example/v1/token/renew"
const REFUSED = { code: "unauthorized", detail: "token verification failed" } as const

type Setting = Awaited<ReturnType<typeof testAuthority>>

/** Registers an agent whose tokens are bound to its key. */
async function boundAgent(on: Setting) {
  const key = createSigningKey(randomBytes(32))
  const { nonce } = on.authority.challenge()
  const launched = on.request(await on.launch(), {
    nonce,
    publicKey: Buffer.from(key.publicKey).toString("base64"),
    signature: Buffer.from(key.sign(Buffer.from(nonce, "hex"))).toString("base64"),
    bound: true,
  })
  const { agentId, accessToken } = await on.authority.register(CALLER, launched)
  return { key, agentId, token: accessToken }
}

/** What a client presents that proves the key for one request. */
async function proven(on: Setting, key: SigningKey, token: string, jti: string = randomUUID()) {
  const request = { method: "POST", url: RENEW, token }
  const proof = await createProof(key, { ...request, iat: Math.floor(on.clock.now() / 1000), jti })
  return { ...request, proof }
}

test("a bound token is good with a proof, and so are its renewals", async () => {
  await using on = await testAuthority()
  const { key, token } = await boundAgent(on)
  const held = await on.authority.authenticate(CALLER, await proven(on, key, token), AGENT)
  expect(held.cnf).toEqual({ jkt: key.keyId })
  const renewed = (await on.authority.renewToken(CALLER, held)).accessToken
  const again = await on.authority.authenticate(CALLER, await proven(on, key, renewed), AGENT)
  expect(again.cnf).toEqual({ jkt: key.keyId })
  expect(await on.authority.validateToken(CALLER, renewed)).toMatchObject({ cnf: { jkt: key.keyId } })
})

describe("a bound token is refused", () => {
  test("as a bearer token", async () => {
    await using on = await testAuthority()
    const { token, agentId } = await boundAgent(on)
    await on.refused(
      () => on.authority.authenticate(CALLER, token, AGENT),
      { ...REFUSED, challenge: "invalid_token" },
      [{ event_type: "token_auth_failed", agent_id: agentId }],
    )
  })

  test("with no proof, a thief's proof, a proof for another request, and a proof that was used", async () => {
    await using on = await testAuthority()
    const { key, token } = await boundAgent(on)
    const good = await proven(on, key, token)
    const thief = await proven(on, createSigningKey(randomBytes(32)), token)
    const bad = { ...REFUSED, challenge: "invalid_dpop_proof" } as const
    const denied = [{ event_type: "token_auth_failed" }] as const
    for (const presented of [
      { ...good, proof: undefined },
      thief,
      { ...good, method: "GET" },
      { ...good, url: "https://broker.example/v1/delegate" },
    ])
      await on.refused(() => on.authority.authenticate(CALLER, presented, AGENT), bad, denied)
    await on.authority.authenticate(CALLER, good, AGENT)
    await on.refused(() => on.authority.authenticate(CALLER, good, AGENT), bad, denied)
  })
})

test("a delegator cannot use the token that it made for a bound delegate", async () => {
  await using on = await testAuthority()
  const delegator = await boundAgent(on)
  const delegate = await boundAgent(on)
  const held = await on.authority.authenticate(CALLER, await proven(on, delegator.key, delegator.token), AGENT)
  const request = { delegateTo: delegate.agentId, scope: ["read:data:7"], ttl: 60 }
  const { accessToken } = await on.authority.delegate(CALLER, held, request)
  const byDelegator = await proven(on, delegator.key, accessToken)
  await on.refused(
    () => on.authority.authenticate(CALLER, byDelegator, AGENT),
    { ...REFUSED, challenge: "invalid_dpop_proof" },
    [{ event_type: "token_auth_failed" }],
  )
  await on.refused(() => on.authority.authenticate(CALLER, accessToken, AGENT), REFUSED, [
    { event_type: "token_auth_failed" },
  ])
  const byDelegate = await proven(on, delegate.key, accessToken)
  expect(await on.authority.authenticate(CALLER, byDelegate, AGENT)).toMatchObject({ sub: delegate.agentId })
})

test("a token that is bound to no key is refused with a proof", async () => {
  await using on = await testAuthority()
  const { accessToken } = await on.agent()
  const presented = await proven(on, createSigningKey(randomBytes(32)), accessToken)
  await on.refused(
    () => on.authority.authenticate(CALLER, presented, AGENT),
    { ...REFUSED, challenge: "invalid_token" },
    [{ event_type: "token_auth_failed" }],
  )
})

test("where tokens must be bound, a registration that does not ask for it is refused", async () => {
  await using on = await testAuthority({ settings: { requireBound: true } })
  const launchToken = await on.launch()
  await on.refused(() => on.authority.register(CALLER, on.request(launchToken)), { code: "forbidden" }, [
    { event_type: "registration_policy_violation" },
  ])
  expect((await boundAgent(on)).agentId).toMatch(/^spiffe:/)
})
