import { once } from "node:events"
import { createServer, type RequestListener, request } from "node:http"
import type { AddressInfo } from "node:net"
import { BAD_PROOFS, type BoundAgent, boundAgent, handmadeProof } from "@agentwrit/testing/bound-agent"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { testVerifier } from "@agentwrit/testing/verifying"
import { serve } from "@hono/node-server"
import { generateProof } from "dpop"
import express from "express"
import fastify from "fastify"
import { Hono } from "hono"
import * as oauth from "oauth4webapi"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import * as expressGuard from "../../src/express.ts"
import * as fastifyGuard from "../../src/fastify.ts"
import * as fetchGuard from "../../src/fetch.ts"
import * as honoGuard from "../../src/hono.ts"
import { mcpAuthInfoOf, mcpGuard } from "../../src/mcp/index.ts"
import { createVerifier, type Verifier, type VerifierError } from "../../src/verify/index.ts"

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})

interface Api {
  readonly url: string
  close(): unknown
}

/** An API whose answers name the caller. `/twice` has two guards; `/public` is known under another URL. */
type StartApi = (verifier: Verifier, refused: (error: VerifierError) => void) => Promise<Api>

const PUBLIC_URL = "https://api.example/v1"

const listening = async (listener: RequestListener): Promise<Api> => {
  const server = createServer(listener).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

const serveFetch = async (fetch: (request: Request) => Response | Promise<Response>): Promise<Api> => {
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1" })
  await once(server, "listening")
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

const honoApi: StartApi = (verifier, onRefused) => {
  const guard = honoGuard.guard(verifier, { onRefused })
  const app = new Hono()
    .use("/twice", guard)
    .get("/open/:id", guard, (c) => c.text(c.var.claims.sub))
    .get("/twice", honoGuard.guard(verifier, { scope: "read:data:7" }), (c) => c.text(c.var.claims.sub))
    .get("/public", honoGuard.guard(verifier, { publicUrl: PUBLIC_URL }), (c) => c.text(c.var.claims.sub))
  return serveFetch(app.fetch)
}

const expressApi: StartApi = (verifier, onRefused) => {
  const { claimsOf, guard } = expressGuard
  const app = express()
  const answer = (req: express.Request, res: express.Response) => {
    res.send(claimsOf(req).sub)
  }
  app.use("/twice", guard(verifier, { onRefused }))
  app.get("/open/:id", guard(verifier, { onRefused }), answer)
  app.get("/twice", guard(verifier, { scope: "read:data:7" }), answer)
  app.get("/public", guard(verifier, { publicUrl: PUBLIC_URL }), answer)
  return listening(app)
}

const fastifyApi: StartApi = async (verifier, onRefused) => {
  const { claimsOf, guard } = fastifyGuard
  const app = fastify()
  const answer = async (req: object) => claimsOf(req).sub
  const twice = [guard(verifier, { onRefused }), guard(verifier, { scope: "read:data:7" })]
  app.get("/open/:id", { onRequest: guard(verifier, { onRefused }) }, answer)
  app.get("/twice", { onRequest: twice }, answer)
  app.get("/public", { onRequest: guard(verifier, { publicUrl: PUBLIC_URL }) }, answer)
  return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() }
}

const fetchApi: StartApi = (verifier, onRefused) => {
  const { guard } = fetchGuard
  const open = guard(verifier, { onRefused })
  const scoped = guard(verifier, { scope: "read:data:7" })
  const known = guard(verifier, { publicUrl: PUBLIC_URL })
  return serveFetch(async (given) => {
    const { pathname } = new URL(given.url)
    if (pathname === "/twice") await open(given)
    const result = await (pathname === "/twice" ? scoped : pathname === "/public" ? known : open)(given)
    return result.ok ? new Response(result.claims.sub) : result.response
  })
}

const mcpApi: StartApi = (verifier, onRefused) => {
  const open = mcpGuard(verifier, { onRefused })
  const scoped = mcpGuard(verifier, { scope: "read:data:7" })
  const known = mcpGuard(verifier, { publicUrl: PUBLIC_URL })
  return serveFetch(async (given) => {
    const { pathname } = new URL(given.url)
    if (pathname === "/twice") await open(given)
    const info = await (pathname === "/twice" ? scoped : pathname === "/public" ? known : open)(given)
    return info instanceof Response ? info : new Response(info.clientId)
  })
}

describe.each([
  ["fetch", fetchApi],
  ["hono", honoApi],
  ["express", expressApi],
  ["fastify", fastifyApi],
  ["MCP", mcpApi],
])("the guard for %s", (_, start) => {
  let api: Api
  let verifier: Verifier
  let held: BoundAgent
  let other: BoundAgent
  const refusals: VerifierError[] = []

  beforeAll(async () => {
    verifier = createVerifier({ brokerUrl: url })
    await verifier.ready()
    api = await start(verifier, (error) => refusals.push(error))
    held = await boundAgent(url, admin)
    other = await boundAgent(url, admin)
  })
  afterAll(async () => {
    await api.close()
    await verifier.close()
  })

  /** A request with a token and a proof by DPoP, or with the given headers. */
  const get = (path: string, proof: string, token = held.token) =>
    call(api.url, `GET ${path}`, { headers: { authorization: `DPoP ${token}`, dpop: proof } })
  const target = (path: string, base = api.url) => ({ method: "GET", url: `${base}${path}`, token: held.token })
  const proofFor = (path: string, base?: string) => handmadeProof(held.keys, target(path, base))

  test("accepts proofs of the library dpop", async () => {
    const keys = held.keys as Parameters<typeof generateProof>[0]
    const proof = await generateProof(keys, `${api.url}/open/7`, "GET", undefined, held.token)
    const { status, text } = await get("/open/7?q=1", proof)
    expect([status, text]).toEqual([200, held.agentId])
  })

  test("accepts requests of the library oauth4webapi", async () => {
    const handle = oauth.DPoP({}, held.keys as Parameters<typeof oauth.DPoP>[1])
    const options = { DPoP: handle, [oauth.allowInsecureRequests]: true }
    const here = new URL(`${api.url}/open/7`)
    const answer = await oauth.protectedResourceRequest(held.token, "GET", here, undefined, undefined, options)
    expect([answer.status, await answer.text()]).toEqual([200, held.agentId])
  })

  test.each(BAD_PROOFS)("refuses a proof with %s", async (_fault, code, make) => {
    const { status, headers, body } = await get("/open/7", await make(target("/open/7"), held.keys, other.keys))
    expect([status, headers.get("www-authenticate")]).toEqual([401, 'DPoP error="invalid_dpop_proof"'])
    expect(body).toMatchObject({ error_code: "unauthorized", detail: "DPoP proof is not accepted" })
    expect(refusals.pop()).toMatchObject({ name: "InvalidProofError", code })
  })

  test("refuses a second use of a proof, and two proofs", async () => {
    const proof = await proofFor("/open/7")
    expect((await get("/open/7", proof)).status).toBe(200)
    expect((await get("/open/7", proof)).status).toBe(401)
    expect(refusals.pop()?.code).toBe("proof_replayed")
    const { port } = new URL(api.url)
    const [one, two] = [await proofFor("/open/7"), await proofFor("/open/7")]
    const headers = { authorization: `DPoP ${held.token}`, dpop: [one, two] }
    const sent = request({ port, host: "127.0.0.1", path: "/open/7", headers })
    sent.end()
    const [answer] = await once(sent, "response")
    answer.resume()
    expect(answer.statusCode).toBe(401)
    expect(refusals.pop()?.code).toBe("malformed_proof")
  })

  test("refuses a bound token without a proof, and an unbound one with a proof", async () => {
    const unbound = await agent(url, admin)
    const asBearer = await call(api.url, "GET /open/7", { bearer: held.token })
    const own = { ...target("/open/7"), token: unbound.access_token }
    const withProof = await get("/open/7", await handmadeProof(held.keys, own), unbound.access_token)
    for (const answer of [asBearer, withProof])
      expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, 'DPoP error="invalid_token"'])
    expect(refusals.splice(-2).map(({ code }) => code)).toEqual(["proof_missing", "token_not_bound"])
    const bare = await call(api.url, "GET /open/7", { headers: { authorization: `DPoP ${held.token}` } })
    expect([bare.status, refusals.pop()?.code]).toEqual([401, "malformed_proof"])
  })

  test("a request that passes two guards uses its proof once", async () => {
    const proof = await proofFor("/twice")
    expect((await get("/twice", proof)).status).toBe(200)
    expect((await get("/twice", proof)).status).toBe(401)
  })

  test("behind a proxy proofs are for the public URL", async () => {
    expect((await get("/public", await proofFor("/public", PUBLIC_URL))).status).toBe(200)
    expect((await get("/public", await proofFor("/public"))).status).toBe(401)
  })
})

// Before: without publicUrl a proof was judged by the Host header. A service that received one passed it on under its name.
test("without publicUrl a guard accepts proofs on this machine only, and tells the operator", async () => {
  const held = await boundAgent(url, admin)
  const refused: VerifierError[] = []
  const guard = honoGuard.guard(testVerifier({ brokerUrl: url }), { onRefused: (error) => refused.push(error) })
  const api = new Hono().get("/", guard, (c) => c.text("open"))
  const ask = async (origin: string) => {
    const dpop = await handmadeProof(held.keys, { method: "GET", url: `${origin}/`, token: held.token })
    return (await api.request(`${origin}/`, { headers: { authorization: `DPoP ${held.token}`, dpop } })).status
  }
  expect(await ask("http://127.0.0.1:8000")).toBe(200)
  expect(await ask("https://tools.example")).toBe(401)
  expect(refused).toMatchObject([{ name: "InvalidProofError", code: "public_url_missing" }])
  expect(refused[0]?.message).toContain("publicUrl")
})

test("a proof that one guard accepted is a replay at another guard of the same verifier, and not at another verifier", async () => {
  const held = await boundAgent(url, admin)
  const shared = testVerifier({ brokerUrl: url })
  const ask = async (verifier: Verifier, proof: string) => {
    const api = new Hono().get("/", honoGuard.guard(verifier), (c) => c.text("open"))
    return (await api.request("/", { headers: { authorization: `DPoP ${held.token}`, dpop: proof } })).status
  }
  const proof = await handmadeProof(held.keys, { method: "GET", url: "http://localhost/", token: held.token })
  expect([await ask(shared, proof), await ask(shared, proof)]).toEqual([200, 401])
  expect(await ask(testVerifier({ brokerUrl: url }), proof)).toBe(200)
})

test("a server of MCP 1.x behind the guard of Express gets the auth info of a bound token", async () => {
  const held = await boundAgent(url, admin)
  const app = express().get("/mcp", expressGuard.guard(testVerifier({ brokerUrl: url })), (req, res) => {
    res.json(mcpAuthInfoOf(req))
  })
  const api = await listening(app)
  onTestFinished(() => void api.close())
  const dpop = await handmadeProof(held.keys, { method: "GET", url: `${api.url}/mcp`, token: held.token })
  const { body } = await call(api.url, "GET /mcp", { headers: { authorization: `DPoP ${held.token}`, dpop } })
  expect(body).toMatchObject({ token: held.token, clientId: held.agentId, scopes: ["read:data:7"] })
  expect(() => mcpAuthInfoOf({})).toThrow(/no guard/)
})
