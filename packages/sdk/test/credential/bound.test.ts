import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { startApi } from "@agentwrit/testing/api-server"
import { type SharedTestBroker, shareTestBroker } from "@agentwrit/testing/broker"
import { call, launchToken } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { sdkApp } from "@agentwrit/testing/sdk-app"
import { testVerifier } from "@agentwrit/testing/verifying"
import { serve } from "@hono/node-server"
import { Hono } from "hono"
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest"
import { guard } from "../../src/hono.ts"
import { acceptDelegation, registerAgent } from "../../src/index.ts"

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }

let shared: SharedTestBroker
shareTestBroker((broker) => {
  shared = broker
})
afterEach(() => vi.useRealTimers())

async function cnfOf(token: string): Promise<unknown> {
  return (await call(shared.url, "POST /v1/token/validate", { json: { token } })).body.claims?.cnf
}

const payloadOf = (jws = "") => JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString())

describe("an agent of the SDK", () => {
  test("asks for a bound token, and renews, delegates and releases it with proofs", async () => {
    const app = await sdkApp(shared)
    const [agent, other] = [await app.createAgent(TASK), await app.createAgent(TASK)]
    const before = await cnfOf(await agent.token())
    expect(before).toEqual({ jkt: expect.any(String) })
    await agent.renew()
    expect(await cnfOf(await agent.token())).toEqual(before)
    const delegated = await agent.delegate({ to: other.id, scope: TASK.scope })
    expect(await cnfOf(await delegated.token())).toEqual(await cnfOf(await other.token()))
    const token = await agent.token()
    await agent.release()
    expect(await cnfOf(token)).toBeUndefined()
  })

  test("has a bearer token with bound: false, which its holder delegates and uses without a key", async () => {
    const app = await sdkApp(shared, { allowedOrigins: ["https://api.example"] })
    const [agent, other] = [
      await app.createAgent({ ...TASK, bound: false }),
      await app.createAgent({ ...TASK, bound: false }),
    ]
    await agent.renew()
    const token = await agent.token()
    expect(await cnfOf(token)).toBeUndefined()
    expect(await agent.headers({ method: "GET", url: "https://api.example" })).toEqual({
      authorization: `Bearer ${token}`,
    })
    const delegated = await agent.delegate({ to: other.id, scope: TASK.scope })
    await acceptDelegation({ brokerUrl: shared.url, token: await delegated.token() }).release()
    await agent.release()
  })

  test("has a bearer token from a broker that knows no DPoP; with bound: true that is an error, and the launch token is not spent", async () => {
    await using proxy = await startProxy(shared.url)
    proxy.edit = (chunk, path) => (path === "/v1/challenge" ? chunk.replace(',"bound":true', "") : chunk)
    const options = { brokerUrl: proxy.url, launchToken: await launchToken(shared.url, shared.admin), ...TASK }
    await expect(registerAgent({ ...options, bound: true })).rejects.toMatchObject({ code: "binding_unavailable" })
    await using agent = await registerAgent(options)
    expect(await cnfOf(await agent.token())).toBeUndefined()
  })

  test("makes proofs for the broker's time, whatever its own clock says", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 })
    const agent = await (await sdkApp(shared)).createAgent(TASK)
    await agent.renew()
    await agent.release()
  })

  test("is told by the broker and by a guard what a bound token needs when it is sent as a bearer token", async () => {
    const app = await sdkApp(shared)
    await using agent = await app.createAgent(TASK)
    const bearer = await agent.token()
    const { status, headers, body } = await call(shared.url, "POST /v1/token/renew", { bearer })
    expect([status, headers.get("www-authenticate")]).toEqual([401, 'DPoP error="invalid_token"'])
    expect(body.hint).toMatch(/bound to a key: send Authorization: DPoP/)
    const api = new Hono().get("/", guard(testVerifier({ brokerUrl: shared.url })), (c) => c.text("open"))
    const answer = await api.request("/", { headers: { authorization: `Bearer ${bearer}` } })
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      401,
      "token is bound to a key: send Authorization: DPoP and a DPoP proof (RFC 9449)",
    ])
  })
})

describe("the fetch of a bound token", () => {
  test("is accepted by a guard, each time, with any method and query", async () => {
    const api = new Hono().all("/customers/:id", guard(testVerifier({ brokerUrl: shared.url })), (c) =>
      c.text(c.req.method),
    )
    const server = serve({ fetch: api.fetch, port: 0, hostname: "127.0.0.1" })
    await once(server, "listening")
    onTestFinished(() => void server.close())
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await using agent = await (await sdkApp(shared)).createAgent({ ...TASK, allowedOrigins: [origin] })
    for (const method of ["GET", "POST", "PUT", "DELETE"])
      for (const query of ["", "?q=1#there"]) {
        const answer = await agent.fetch(`${origin}/customers/7%207${query}`, { method })
        expect([answer.status, await answer.text()]).toEqual([200, method])
      }
    const headers = { ...(await agent.headers({ method: "GET", url: `${origin}/customers/7` })) }
    expect((await fetch(`${origin}/customers/7`, { headers })).status).toBe(200)
    expect((await fetch(`${origin}/customers/7`, { headers })).status).toBe(401)
  })

  test("makes a new proof for a redirect, and sends neither token nor proof to another origin", async () => {
    await using other = await startApi()
    await using api = await startApi(({ path }) =>
      path.startsWith("/b")
        ? { status: 307, headers: { location: `${other.origin}/c` } }
        : path.startsWith("/a")
          ? { status: 303, headers: { location: "/b?x=1" } }
          : {},
    )
    const allowedOrigins = [api.origin, other.origin]
    await using agent = await (await sdkApp(shared)).createAgent({ ...TASK, allowedOrigins })
    await agent.fetch(`${api.origin}/a?q=1`, { method: "POST", body: "text" })
    const proofs = api.received.map(({ headers }) => payloadOf(String(headers["dpop"])))
    const ath = expect.stringMatching(/^[\w-]{43}$/)
    expect(proofs).toEqual([
      { htm: "POST", htu: `${api.origin}/a`, ath, iat: expect.any(Number), jti: expect.any(String) },
      { htm: "GET", htu: `${api.origin}/b`, ath, iat: expect.any(Number), jti: expect.any(String) },
    ])
    expect(proofs[0].jti).not.toBe(proofs[1].jti)
    expect(api.received.map(({ authorization }) => authorization?.split(" ")[0])).toEqual(["DPoP", "DPoP"])
    expect(other.received.map(({ headers }) => [headers["dpop"], headers.authorization])).toEqual([
      [undefined, undefined],
    ])
  })

  test("sends a bearer token to an origin that is named so", async () => {
    await using api = await startApi()
    const app = await sdkApp(shared, { allowedOrigins: [{ origin: api.origin, scheme: "bearer" }] })
    await using agent = await app.createAgent(TASK)
    await agent.fetch(api.origin)
    expect(api.received[0]?.authorization).toBe(`Bearer ${await agent.token()}`)
    expect(api.received[0]?.headers).not.toHaveProperty("dpop")
  })

  test("refuses a proof of the caller's own", async () => {
    await using agent = await (await sdkApp(shared)).createAgent({ ...TASK, allowedOrigins: "any" })
    await expect(agent.fetch("https://api.example", { headers: { dpop: "x" } })).rejects.toThrow(TypeError)
  })
})
