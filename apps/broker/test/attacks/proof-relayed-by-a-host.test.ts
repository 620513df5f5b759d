import { randomBytes, randomUUID } from "node:crypto"
import { once } from "node:events"
import { type IncomingMessage, request } from "node:http"
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { createProof, createSigningKey } from "@agentwrit/core"
import { adminToken, launchToken, nonce, registration } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { startWireBroker } from "../wire/wire-broker.ts"

// Before: without AA_PUBLIC_URL proofs were judged by the request's Host header. A service that got an agent's token and
// a proof for its own URL passed both on to the broker, under its own name as the Host.

const HOSTILE = { host: "tools.example" }

/** A request with any `Host`, which `fetch` does not send. */
async function send(url: string, route: string, headers: Record<string, string>, json?: unknown) {
  const [method = "", path = ""] = route.split(" ")
  const sent = request(url + path, { method, headers }).end(json === undefined ? undefined : JSON.stringify(json))
  const [answer] = (await once(sent, "response")) as [IncomingMessage]
  return { status: answer.statusCode, body: JSON.parse(await text(answer)) }
}

async function boundAgent(url: string) {
  const key = createSigningKey(randomBytes(32))
  const challenge = await nonce(url)
  const json = await registration(url, await launchToken(url, await adminToken(url)), {
    nonce: challenge,
    public_key: Buffer.from(key.publicKey).toString("base64"),
    signature: Buffer.from(key.sign(Buffer.from(challenge, "hex"))).toString("base64"),
    bound: true,
  })
  const register = (headers: Record<string, string>) => send(url, "POST /v1/register", headers, json)
  const proofFor = (target: string, token: string) => {
    const contents = { method: "POST", url: target, token, iat: Math.floor(Date.now() / 1000), jti: randomUUID() }
    return createProof(key, contents)
  }
  return { register, proofFor }
}

const refused = (detail: string, hint: string) => ({
  detail: expect.stringContaining(detail),
  hint: expect.stringContaining(hint),
})

test("a proof for another service is refused, also under that service's name as the Host", async () => {
  await using broker = await startWireBroker()
  const { register, proofFor } = await boundAgent(broker.url)
  const { access_token: token } = (await register({})).body
  const dpop = await proofFor(`http://${HOSTILE.host}/v1/token/renew`, token)
  const headers = { authorization: `DPoP ${token}`, dpop, ...HOSTILE }
  const { status, body } = await send(broker.url, "POST /v1/token/renew", headers)
  expect([status, body]).toEqual([401, expect.objectContaining(refused("token renewal failed", "public URL"))])
})

test.each([{}, { publicUrl: "" }])(
  "with %j the broker binds no token under a name that is not this machine's, and says so",
  async (app) => {
    await using broker = await startWireBroker({ app })
    expect((await send(broker.url, "GET /v1/challenge", HOSTILE)).body.bound).toBe(false)
    const { register } = await boundAgent(broker.url)
    const { status, body } = await register(HOSTILE)
    expect([status, body]).toEqual([403, expect.objectContaining(refused("does not bind tokens", "public URL"))])
  },
)

// Before: stock nginx, which sends the broker's own address as the Host, was taken for a client on this machine: agents
// got bound tokens whose proofs, made for the proxy's URL, were then all refused.
test.each([
  { "x-forwarded-proto": "https" },
  { "x-forwarded-host": "broker.example" },
  { "x-real-ip": "203.0.113.9" },
  { forwarded: "for=203.0.113.9;proto=https" },
  { via: "1.1 proxy.example" },
])("without its public URL the broker binds no token behind a proxy that sends %j", async (headers) => {
  await using broker = await startWireBroker()
  expect((await send(broker.url, "GET /v1/challenge", {})).body.bound).toBe(true)
  expect((await send(broker.url, "GET /v1/challenge", headers)).body.bound).toBe(false)
})

test("without its public URL the broker binds no token behind a proxy that speaks HTTP/1.0", async () => {
  await using broker = await startWireBroker()
  const { host, port } = new URL(broker.url)
  const socket = connect(Number(port), "127.0.0.1").end(`GET /v1/challenge HTTP/1.0\r\nHost: ${host}\r\n\r\n`)
  expect(await text(socket)).toContain('"bound":false')
})
