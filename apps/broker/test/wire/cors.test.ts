import { routes } from "@agentwrit/contract"
import { adminToken, call } from "@agentwrit/testing/client"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { describe, expect, test } from "vitest"
import { shareWireBroker } from "./wire-broker.ts"

const PAGE = "https://app.example"
const FOREIGN = "https://evil.example"

let url: string
shareWireBroker(
  (shared) => {
    url = shared.url
  },
  { app: { corsOrigins: [PAGE, "http://localhost:5173"] } },
)

const corsHeaders = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith("access-control-") || name === "vary"))

const READABLE = {
  "access-control-allow-origin": PAGE,
  "access-control-expose-headers": "Retry-After, X-Request-ID, WWW-Authenticate",
  vary: "Origin",
}

describe("a page of an allowed origin", () => {
  test.each([
    ["GET /v1/challenge", 200, undefined],
    ["HEAD /v1/challenge", 200, undefined],
    ["GET /v1/docs", 200, undefined],
    ["GET /nowhere", 404, undefined],
    ["PUT /v1/challenge", 405, undefined],
    ["POST /v1/token/renew", 401, undefined],
    ["POST /v1/register", 400, "{"],
    ["POST /v1/register", 413, "x".repeat(1_048_577)],
  ])("reads the answer to %s: %i", async (route, status, raw) => {
    const answer = await call(url, route, { headers: { origin: PAGE }, ...(raw !== undefined && { raw }) })
    expect([answer.status, corsHeaders(answer.headers)]).toEqual([status, READABLE])
  })

  test("reads a 429 and when to try again", async () => {
    const headers = { origin: PAGE, "x-forwarded-for": "203.0.113.77" }
    const json = { secret: "wrong" }
    let answer = await call(url, "POST /v1/admin/auth", { headers, json })
    while (answer.status === 401) answer = await call(url, "POST /v1/admin/auth", { headers, json })
    expect([answer.status, corsHeaders(answer.headers)]).toEqual([429, READABLE])
    expect(answer.headers.get("retry-after")).toMatch(/^\d+$/)
  })

  test("reads the stream of the feed", async () => {
    const headers = { origin: PAGE, accept: "text/event-stream" }
    const answer = await fetch(`${url}/v1/revocations`, { headers })
    expect([answer.status, corsHeaders(answer.headers)]).toEqual([200, READABLE])
    await answer.body?.cancel()
  })

  test.each([
    ["a malformed request", "host: a\r\n", "broken\r\n\r\n", 400],
    ["a token that is too long", `host: a\r\nauthorization: ${"a".repeat(90_000)}\r\n`, "\r\n", 431],
    ["two Hosts", "host: a\r\n", "host: b\r\nconnection: close\r\n\r\n", 400],
    ["an expectation", "host: a\r\nexpect: a miracle\r\n", "content-length: 0\r\n\r\n", 400],
    ["a body that takes too long", "host: a\r\ncontent-length: 2\r\n", "\r\n{", 408],
  ])("reads the parser's answer to %s", async (_, head, rest, status) => {
    const sent = (origin: string) => rawHttp(url, `POST /v1/register HTTP/1.1\r\n${head}origin: ${origin}\r\n${rest}`)
    const [own, foreign] = await Promise.all([sent(PAGE), sent(FOREIGN)])
    expect(own).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(own.toLowerCase()).toContain(`\r\naccess-control-allow-origin: ${PAGE}\r\n`)
    expect(own.toLowerCase()).toContain("\r\nvary: origin\r\n")
    expect(foreign).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(foreign.toLowerCase()).not.toContain("access-control-")
  })
})

const methodsOf = new Map<string, string[]>()
for (const { method, path } of Object.values(routes)) methodsOf.set(path, [...(methodsOf.get(path) ?? []), method])

describe("a preflight", () => {
  const preflight = (path: string, method: string, origin = PAGE) => ({
    route: `OPTIONS ${path.replace(/\{\w+\}/g, "x")}`,
    headers: {
      origin,
      "access-control-request-method": method,
      "access-control-request-headers": "authorization,content-type,dpop",
    },
  })

  test.each([...methodsOf])("of %s is answered for its methods, with every safe header", async (path, methods) => {
    for (const method of methods) {
      const { route, headers } = preflight(path, method)
      const answer = await call(url, route, { headers })
      expect([answer.status, answer.text]).toEqual([204, ""])
      const { "access-control-allow-methods": allowed = "", ...rest } = corsHeaders(answer.headers)
      expect(allowed.split(", ")).toContain(method)
      expect(rest).toEqual({
        ...READABLE,
        "access-control-allow-headers": "Authorization, Content-Type, DPoP, Last-Event-ID, X-Request-ID",
        "access-control-max-age": "7200",
      })
      expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{16}$/)
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff")
    }
  })

  test("of a foreign origin, or an OPTIONS that is none, is refused", async () => {
    const foreign = preflight("/v1/register", "POST", FOREIGN)
    for (const headers of [foreign.headers, { origin: PAGE }, {}]) {
      const answer = await call(url, foreign.route, { headers })
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"])
      expect(answer.headers.get("access-control-allow-methods")).toBeNull()
    }
  })
})

test.each([FOREIGN, `${PAGE}.evil.example`, `${PAGE}:8443`, "http://app.example", "null"])(
  "a page of %s reads nothing, and a cache keeps the answers apart",
  async (origin) => {
    const answer = await call(url, "GET /v1/challenge", { headers: { origin } })
    expect([answer.status, corsHeaders(answer.headers)]).toEqual([200, { vary: "Origin" }])
  },
)

test("an allowed page needs a token as everyone does, and no cookie counts", async () => {
  const headers = { origin: PAGE }
  expect((await call(url, "GET /v1/admin/apps", { headers })).status).toBe(401)
  const answer = await call(url, "GET /v1/admin/apps", { headers, bearer: await adminToken(url) })
  expect(answer.status).toBe(200)
  expect(answer.headers.get("access-control-allow-credentials")).toBeNull()
})

describe("without AA_CORS_ORIGINS", () => {
  let closed: string
  shareWireBroker((shared) => {
    closed = shared.url
  })

  test("no answer differs by its origin", async () => {
    for (const route of ["GET /v1/challenge", "OPTIONS /v1/challenge"])
      expect(corsHeaders((await call(closed, route, { headers: { origin: PAGE } })).headers)).toEqual({})
  })
})
