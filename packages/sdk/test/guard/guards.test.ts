import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { inspect } from "node:util"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { serve } from "@hono/node-server"
import express from "express"
// @ts-expect-error It has no types.
import express4 from "express-oldest"
import fastify, { type FastifyInstance } from "fastify"
import fastify4 from "fastify-oldest"
import { Hono } from "hono"
import { Hono as OldestHono } from "hono-oldest"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import * as expressGuard from "../../src/express.ts"
import * as fastifyGuard from "../../src/fastify.ts"
import * as fetchGuard from "../../src/fetch.ts"
import * as honoGuard from "../../src/hono.ts"
import type { Verifier, VerifierError } from "../../src/verify/index.ts"

let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
})

/**
 * An API with the same routes on each framework: `/open` needs a token, `/list` a scope, `/data/:id` one made from the
 * path.
 */
type Api = (verifier: Verifier, refused: (error: VerifierError) => void) => Promise<{ url: string; close(): unknown }>

const listening = async (listener: RequestListener) => {
  const server = createServer(listener).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

/** The URL of the metadata that names the broker (RFC 9728). */
const METADATA = "https://api.example/.well-known/oauth-protected-resource"

const serving = async (fetch: (request: Request) => Response | Promise<Response>) => {
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1" })
  await once(server, "listening")
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

const fetchApi: Api = (verifier, onRefused) => {
  const { guard, scopeFor } = fetchGuard
  const idOf = ({ url }: Request) => decodeURIComponent(new URL(url).pathname.split("/")[2] ?? "")
  const open = guard(verifier, { onRefused })
  const routes: Readonly<Record<string, fetchGuard.FetchGuard>> = {
    list: guard(verifier, { scope: "read:data:*", realm: "crm", resourceMetadata: METADATA, onRefused }),
    data: guard(verifier, { scope: (request) => scopeFor("read", "data", idOf(request)) }),
    raw: guard(verifier, { scope: (request) => `read:data:${idOf(request)}` }),
  }
  return serving(async (request) => {
    const [, route = ""] = new URL(request.url).pathname.split("/")
    const result = await (routes[route] ?? open)(request)
    return result.ok ? Response.json({ sub: result.claims.sub }) : result.response
  })
}

const honoApi =
  (create: () => Hono): Api =>
  (verifier, onRefused) => {
    const { guard, scopeFor } = honoGuard
    const app = create()
    app.get("/open", guard(verifier, { onRefused }), (c) => c.json({ sub: c.var.claims.sub }))
    app.get(
      "/list",
      guard(verifier, { scope: "read:data:*", realm: "crm", resourceMetadata: METADATA, onRefused }),
      (c) => c.json({}),
    )
    app.get("/data/:id", guard(verifier, { scope: (c) => scopeFor("read", "data", c.req.param("id")) }), (c) =>
      c.json({}),
    )
    app.get("/raw/:id", guard(verifier, { scope: (c) => `read:data:${c.req.param("id")}` }), (c) => c.json({}))
    return serving(app.fetch)
  }

const expressApi =
  (create: () => express.Express): Api =>
  (verifier, onRefused) => {
    const { claimsOf, guard, scopeFor } = expressGuard
    const app = create()
    app.get("/open", guard(verifier, { onRefused }), (req, res) => {
      res.json({ sub: claimsOf(req).sub })
    })
    const empty = (_: express.Request, res: express.Response) => {
      res.json({})
    }
    app.get(
      "/list",
      guard(verifier, { scope: "read:data:*", realm: "crm", resourceMetadata: METADATA, onRefused }),
      empty,
    )
    app.get(
      "/data/:id",
      guard(verifier, { scope: (req) => scopeFor("read", "data", req.params["id"] as string) }),
      empty,
    )
    app.get("/raw/:id", guard(verifier, { scope: (req) => `read:data:${req.params["id"]}` }), empty)
    return listening(app)
  }

const fastifyApi =
  (create: () => FastifyInstance): Api =>
  async (verifier, onRefused) => {
    const { claimsOf, guard, scopeFor } = fastifyGuard
    const app = create()
    const idOf = (params: unknown) => (params as { id: string }).id
    app.get("/open", { onRequest: guard(verifier, { onRefused }) }, async (request) => ({ sub: claimsOf(request).sub }))
    app.get(
      "/list",
      { onRequest: guard(verifier, { scope: "read:data:*", realm: "crm", resourceMetadata: METADATA, onRefused }) },
      async () => ({}),
    )
    const made = guard(verifier, { scope: ({ params }) => scopeFor("read", "data", idOf(params)) })
    app.get("/data/:id", { onRequest: made }, async () => ({}))
    const raw = guard(verifier, { scope: ({ params }) => `read:data:${idOf(params)}` })
    app.get("/raw/:id", { onRequest: raw }, async () => ({}))
    return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() }
  }

/** Both ends of each peer range. The oldest ones have types of their own, which the guards do not use. */
const APIS: readonly (readonly [string, Api])[] = [
  ["fetch", fetchApi],
  ["hono", honoApi(() => new Hono())],
  ["hono 4.0", honoApi(() => new OldestHono() as unknown as Hono)],
  ["express", expressApi(express)],
  ["express 4.17", expressApi(express4 as unknown as typeof express)],
  ["fastify", fastifyApi(fastify)],
  ["fastify 4.0", fastifyApi(fastify4 as unknown as typeof fastify)],
]

describe.each(APIS)("the guard for %s", (_, start) => {
  let api: { url: string; close(): unknown }
  let verifier: Verifier
  let held: { agent_id: string; access_token: string }
  let wide: { access_token: string }
  const refusals: VerifierError[] = []

  beforeAll(async () => {
    const { createVerifier } = await import("../../src/verify/index.ts")
    verifier = createVerifier({ brokerUrl: url })
    await verifier.ready()
    api = await start(verifier, (error) => refusals.push(error))
    held = await agent(url, admin)
    wide = await agent(url, admin, { requested_scope: ["read:data:*"] })
  })
  afterAll(async () => {
    await api.close()
    await verifier.close()
  })

  const get = (path: string, headers: Record<string, string> = {}) => call(api.url, `GET ${path}`, { headers })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  test("accepts a good token and gives handlers its claims, whatever the case of the scheme", async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      const { status, body } = await get("/open", { authorization: `${scheme} ${held.access_token}` })
      expect([status, body]).toEqual([200, { sub: held.agent_id }])
    }
  })

  test("answers 401 without an error code when no token was sent", async () => {
    for (const headers of [{}, { authorization: "Basic eDp5" }]) {
      const { status, headers: answered, body } = await get("/list?secret=1", { ...headers, "x-request-id": "mine-1" })
      expect(status).toBe(401)
      expect(answered.get("www-authenticate")).toBe(
        `Bearer realm="crm", scope="read:data:*", resource_metadata="${METADATA}"`,
      )
      expect(answered.get("content-type")).toBe("application/problem+json")
      expect(answered.get("cache-control")).toBe("no-store")
      expect(body).toEqual({
        type: "urn:agentwrit:error:unauthorized",
        title: "Unauthorized",
        status: 401,
        detail: "a bearer token is needed",
        instance: "/list",
        error_code: "unauthorized",
        request_id: "mine-1",
      })
      expect(answered.get("x-request-id")).toBe("mine-1")
    }
  })

  test("answers every bad token alike, and tells the operator the reason", async () => {
    const revoked = await agent(url, admin)
    await revoke(url, admin, "agent", revoked.agent_id)
    await expect.poll(() => verdict(verifier, revoked.access_token)).toBe("token_revoked")
    refusals.length = 0
    const rows: [authorization: string, code: string][] = [
      ["Bearer", "malformed_token"],
      ["Bearer x", "malformed_token"],
      [`Bearer ${held.access_token}=`, "malformed_token"],
      [`Bearer ${held.access_token} x`, "malformed_token"],
      [`Bearer ${held.access_token}, Bearer ${held.access_token}`, "malformed_token"],
      [`Bearer ${held.access_token.slice(0, -4)}AAAA`, "bad_signature"],
      [`Bearer ${revoked.access_token}`, "token_revoked"],
    ]
    for (const [authorization, code] of rows) {
      const { status, headers, body } = await get("/open", { authorization, "x-request-id": "bad id" })
      expect([status, headers.get("www-authenticate")]).toEqual([
        401,
        'Bearer realm="agentwrit", error="invalid_token"',
      ])
      expect(body).toEqual({
        type: "urn:agentwrit:error:unauthorized",
        title: "Unauthorized",
        status: 401,
        detail: "token is invalid or expired",
        instance: "/open",
        error_code: "unauthorized",
        request_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      })
      expect(refusals.pop()?.code).toBe(code)
    }
  })

  test("refuses two Authorization headers, even if one is good", async () => {
    const { port } = new URL(api.url)
    for (const [first, second] of [
      [held.access_token, "x"],
      ["x", held.access_token],
      [held.access_token, held.access_token],
    ]) {
      const socket = connect(Number(port), "127.0.0.1")
      const lines = [`Authorization: Bearer ${first}`, `Authorization: Bearer ${second}`, "Connection: close"]
      socket.write(`GET /open HTTP/1.1\r\nHost: x\r\n${lines.join("\r\n")}\r\n\r\n`)
      let text = ""
      for await (const chunk of socket) text += chunk
      expect(text.slice(0, 12)).toBe("HTTP/1.1 401")
    }
  })

  test("answers 403 with the missing scope to a caller with a good token", async () => {
    const { status, headers, body } = await get("/list", bearer(held.access_token))
    expect([status, headers.get("www-authenticate")]).toEqual([
      403,
      `Bearer realm="crm", error="insufficient_scope", scope="read:data:*", resource_metadata="${METADATA}"`,
    ])
    expect(body).toMatchObject({
      error_code: "insufficient_scope",
      detail: "token lacks a scope that the request needs",
      hint: "missing: read:data:*; nearest held: read:data:7",
    })
    expect((await get("/list", bearer(wide.access_token))).status).toBe(200)
  })

  test("requires the scope made from a path parameter, which * and : cannot widen", async () => {
    const rows: [path: string, narrow: number, wide: number][] = [
      ["/data/7", 200, 200],
      ["/data/8", 403, 200],
      ["/data/*", 403, 403],
      ["/data/%2A", 403, 403],
      ["/data/7%3A8", 403, 200],
      ["/data/7%208", 403, 403],
      ["/data/7%22", 403, 403],
      ["/data/7%0d%0aX-Evil%3A1", 403, 403],
      [`/data/${"7".repeat(300)}`, 403, 403],
      ["/raw/7", 200, 200],
      ["/raw/8", 403, 200],
      ["/raw/*", 403, 403],
      ["/raw/7%208", 403, 403],
    ]
    for (const [path, narrow, broad] of rows) {
      // The framework's router refuses an id that is too long before the guard sees it.
      const told = async (token: string) => (await get(path, bearer(token))).status
      const seen = [path, await told(held.access_token), await told(wide.access_token)]
      expect(seen[1] === 404 || seen[1] === 414 ? [path, narrow, broad] : seen).toEqual([path, narrow, broad])
    }
  })

  test("refuses tokens of operators and apps, also where no scope is required", async () => {
    const operator = bearer(await adminToken(url))
    expect((await get("/list", operator)).status).toBe(403)
    const { status, headers, body } = await get("/open", operator)
    expect([status, headers.get("www-authenticate")]).toEqual([
      403,
      'Bearer realm="agentwrit", error="insufficient_scope"',
    ])
    expect(body).toMatchObject({ error_code: "forbidden", detail: "a token of kind agent is needed" })
    expect(refusals.at(-1)?.code).toBe("wrong_kind")
  })
})

test("a guard answers 503 with Retry-After while it cannot verify tokens", async () => {
  const verifier = testVerifier({ brokerUrl: "http://127.0.0.1:9" })
  for (const [, start] of APIS) {
    const api = await start(verifier, () => undefined)
    const { status, headers, body } = await call(api.url, "GET /open", { bearer: admin })
    expect([status, headers.get("retry-after"), headers.get("www-authenticate")]).toEqual([503, "2", null])
    expect(body).toMatchObject({ error_code: "unavailable", detail: "tokens cannot be verified at the moment" })
    await api.close()
  }
})

test("a bug in a scope function gives the framework's 500, and never access", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url })
  const bug = (): string => {
    throw new RangeError("a bug")
  }
  const { access_token: token } = await agent(url, admin)
  const hono = new Hono().get("/", honoGuard.guard(verifier, { scope: bug }), (c) => c.text("open"))
  expect((await hono.request("/", { headers: { authorization: `Bearer ${token}` } })).status).toBe(500)
  const app = express().get("/", expressGuard.guard(verifier, { scope: bug }), (_, res) => {
    res.send("open")
  })
  app.use(((_error, _req, res, _next) => {
    res.status(500).end()
  }) satisfies express.ErrorRequestHandler)
  const api = await listening(app)
  expect((await call(api.url, "GET /", { bearer: token })).status).toBe(500)
  api.close()
  const server = fastify()
  server.get("/", { onRequest: fastifyGuard.guard(verifier, { scope: bug }) }, async () => "open")
  const injected = await server.inject({ url: "/", headers: { authorization: `Bearer ${token}` } })
  expect(injected.statusCode).toBe(500)
  await server.close()
  const request = new Request("https://api.example", { headers: { authorization: `Bearer ${token}` } })
  await expect(fetchGuard.guard(verifier, { scope: bug })(request)).rejects.toThrow("a bug")
})

test("a request for which the scope function returns no scope is refused", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url })
  const scope = (c: { req: { queries(name: string): string[] | undefined } }) =>
    (c.req.queries("id") ?? []).map((id) => honoGuard.scopeFor("read", "data", id))
  const hono = new Hono().get("/", honoGuard.guard(verifier, { scope }), (c) => c.text("open"))
  const held = await agent(url, admin, { requested_scope: ["read:data:*"] })
  const headers = { authorization: `Bearer ${held.access_token}` }
  expect((await hono.request("/?id=7&id=8", { headers })).status).toBe(200)
  expect((await hono.request("/", { headers })).status).toBe(403)
})

test("the result for a request of the Fetch standard shows no token, and the body is left to the route", async () => {
  const verifier = testVerifier({ brokerUrl: url })
  const { access_token: token } = await agent(url, admin)
  const headers = { authorization: `Bearer ${token}` }
  const request = new Request("https://api.example/notes", { method: "POST", headers, body: "a note" })
  const result = await fetchGuard.guard(verifier)(request)
  expect(result).toMatchObject({ ok: true, claims: { kind: "agent" } })
  expect(inspect(result)).not.toContain(token)
  expect(await request.text()).toBe("a note")
})

test("reading the claims without a guard is an error that says so", () => {
  expect(() => expressGuard.claimsOf({})).toThrow(/no guard/)
})

test("scopeFor refuses a part that would change another part", () => {
  const { scopeFor } = honoGuard
  expect(scopeFor("read", "data", "customer:7")).toBe("read:data:customer:7")
  const rows: [action: string, resource: string, identifier: string | undefined][] = [
    ["read", "data:7", "x"],
    ["read:data", "7", "x"],
    ["*", "data", "7"],
    ["read", "*", "7"],
    ["read", "data", "*"],
    ["read", "data", "7*"],
    ["read", "data", ""],
    ["read", "data", undefined],
    ["read", "", "7"],
    ["read", "data", "7 write:data:7"],
  ]
  for (const row of rows) expect(() => scopeFor(...row), row.join()).toThrow(expect.objectContaining({ status: 403 }))
})

test("a guard accepts the kinds of tokens that its options name", async () => {
  const verifier = testVerifier({ brokerUrl: url })
  const { guard } = honoGuard
  const api = new Hono()
    .get("/operators", guard(verifier, { kinds: ["admin"] }), (c) => c.text(c.var.claims.kind))
    .get("/both", guard(verifier, { kinds: ["admin", "agent"] }), (c) => c.text(c.var.claims.kind))
  const { access_token: token } = await agent(url, admin)
  const status = async (path: string, bearer: string) =>
    (await api.request(path, { headers: { authorization: `Bearer ${bearer}` } })).status
  expect([await status("/operators", admin), await status("/operators", token)]).toEqual([200, 403])
  expect([await status("/both", admin), await status("/both", token)]).toEqual([200, 200])
})

test.each<[string, object, RegExp]>([
  ["a malformed scope", { scope: "read" }, /form action:resource:identifier/],
  ["one malformed scope of several", { scope: ["read:data:7", "x"] }, /form action:resource:identifier/],
  ["an empty scope", { scope: "" }, /scope is empty/],
  ["an option of something else", { audience: "crm" }, /no option "audience"/],
  ["no kind", { kinds: [] }, /kinds must be/],
  ["kinds that a setting left out", { kinds: undefined }, /kinds must be/],
  ["a kind that does not exist", { kinds: ["agents"] }, /kinds must be/],
  ["one kind that is not a list", { kinds: "agent" }, /kinds must be/],
  ["a quote in the realm", { realm: 'a"b' }, /printable ASCII/],
  ["a line break in the realm", { realm: "a\r\nb" }, /printable ASCII/],
  ["a public URL without a scheme", { publicUrl: "api.example" }, /publicUrl must be/],
  ["a public URL with a query", { publicUrl: "https://api.example/?a" }, /publicUrl must be/],
])("%s is refused when the guard is made", (_, options, message) => {
  const verifier = testVerifier({ brokerUrl: url })
  for (const { guard } of [fetchGuard, honoGuard, expressGuard, fastifyGuard]) {
    const make = () => guard(verifier, options as never)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  }
})
