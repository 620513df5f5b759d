import { randomBytes, randomUUID } from "node:crypto"
import { createProof, createSigningKey, type SigningKey } from "@agentwrit/core"
import { boundAgent as agentOfClient, BAD_PROOFS } from "@agentwrit/testing/bound-agent"
import { adminToken, call, launchToken, nonce, registration } from "@agentwrit/testing/client"
import { generateProof } from "dpop"
import * as oauth from "oauth4webapi"
import { describe, expect, test } from "vitest"
import { shareWireBroker, startWireBroker } from "./wire-broker.ts"

let url: string
let admin: string
shareWireBroker((shared) => {
  ;({ url, admin } = shared)
})

async function boundAgent(broker: string, operator: string) {
  const key = createSigningKey(randomBytes(32))
  const challenge = await nonce(broker)
  const json = await registration(broker, await launchToken(broker, operator), {
    nonce: challenge,
    public_key: Buffer.from(key.publicKey).toString("base64"),
    signature: Buffer.from(key.sign(Buffer.from(challenge, "hex"))).toString("base64"),
    bound: true,
  })
  const { status, body } = await call(broker, "POST /v1/register", { json })
  expect(status).toBe(200)
  return { key, token: body.access_token as string }
}

/** The headers that present a bound token to this URL. */
async function proven(key: SigningKey, token: string, target: string, scheme = "DPoP") {
  const contents = { method: "POST", url: target, token, iat: Math.floor(Date.now() / 1000), jti: randomUUID() }
  return { authorization: `${scheme} ${token}`, dpop: await createProof(key, contents) }
}

test("the challenge says that tokens can be bound, and a bound token renews and releases with proofs", async () => {
  expect((await call(url, "GET /v1/challenge")).body.bound).toBe(true)
  const { key, token } = await boundAgent(url, admin)
  const headers = await proven(key, token, `${url}/v1/token/renew`, "dpop")
  const renewed = await call(url, "POST /v1/token/renew", { headers })
  expect(renewed.status).toBe(200)
  const next = renewed.body.access_token
  const valid = await call(url, "POST /v1/token/validate", { json: { token: next } })
  expect(valid.body.claims.cnf).toEqual({ jkt: key.keyId })
  const release = await proven(key, next, `${url}/v1/token/release`)
  expect((await call(url, "POST /v1/token/release", { headers: release })).status).toBe(204)
})

test("a bound token as a bearer token, and with a bad proof, is a 401 that asks for DPoP", async () => {
  const { key, token } = await boundAgent(url, admin)
  const bearer = await call(url, "POST /v1/token/release", { bearer: token })
  expect([bearer.status, bearer.headers.get("www-authenticate")]).toEqual([401, 'DPoP error="invalid_token"'])
  expect(bearer.body).toMatchObject({ error_code: "unauthorized", detail: "token verification failed" })
  const headers = await proven(key, token, `${url}/v1/token/renew`)
  const elsewhere = await call(url, "POST /v1/token/release", { headers })
  expect([elsewhere.status, elsewhere.headers.get("www-authenticate")]).toEqual([
    401,
    'DPoP error="invalid_dpop_proof"',
  ])
  const two = { ...headers, dpop: `${headers.dpop}, ${headers.dpop}` }
  expect((await call(url, "POST /v1/token/renew", { headers: two })).status).toBe(401)
  expect((await call(url, "POST /v1/token/renew", { headers })).status).toBe(200)
})

test("behind a proxy proofs are for the public URL", async () => {
  const publicUrl = "https://broker.example/agentwrit"
  await using broker = await startWireBroker({ app: { publicUrl } })
  const { key, token } = await boundAgent(broker.url, await adminToken(broker.url))
  const own = await proven(key, token, `${broker.url}/v1/token/renew`)
  expect((await call(broker.url, "POST /v1/token/renew", { headers: own })).status).toBe(401)
  const headers = await proven(key, token, `${publicUrl}/v1/token/renew`)
  expect((await call(broker.url, "POST /v1/token/renew", { headers })).status).toBe(200)
})

describe("clients that are not ours", () => {
  const authorization = (token: string) => ({ authorization: `DPoP ${token}` })

  test("the library dpop renews a bound token", async () => {
    const { keys, token } = await agentOfClient(url, admin)
    const pair = keys as Parameters<typeof generateProof>[0]
    const proof = await generateProof(pair, `${url}/v1/token/renew`, "POST", undefined, token)
    const { status, body } = await call(url, "POST /v1/token/renew", {
      headers: { ...authorization(token), dpop: proof },
    })
    expect([status, body.access_token]).toEqual([200, expect.any(String)])
  })

  test("the library oauth4webapi renews and releases a bound token", async () => {
    const { keys, token } = await agentOfClient(url, admin)
    const options = {
      DPoP: oauth.DPoP({}, keys as Parameters<typeof oauth.DPoP>[1]),
      [oauth.allowInsecureRequests]: true,
    }
    const post = (path: string, held: string) =>
      oauth.protectedResourceRequest(held, "POST", new URL(path, url), undefined, undefined, options)
    const renewed = await post("/v1/token/renew", token)
    expect(renewed.status).toBe(200)
    const { access_token: next } = (await renewed.json()) as { access_token: string }
    expect((await post("/v1/token/release", next)).status).toBe(204)
  })

  test.each(BAD_PROOFS)("a proof with %s is refused (RFC 9449 section 4.3)", async (_fault, _code, make) => {
    const own = await agentOfClient(url, admin)
    const other = await agentOfClient(url, admin)
    const target = { method: "POST", url: `${url}/v1/token/release`, token: own.token }
    const headers = { ...authorization(own.token), dpop: await make(target, own.keys, other.keys) }
    const refused = await call(url, "POST /v1/token/release", { headers })
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, 'DPoP error="invalid_dpop_proof"'])
    expect((await call(url, "POST /v1/token/validate", { json: { token: own.token } })).body.valid).toBe(true)
  })
})
