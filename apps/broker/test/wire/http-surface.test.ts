import { once } from "node:events"
import { connect } from "node:net"
import { call, trail } from "@agentwrit/testing/client"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { describe, expect, test } from "vitest"
import { shareWireBroker, type WireBroker } from "./wire-broker.ts"

let broker: WireBroker
let admin: string
shareWireBroker((shared) => {
  ;({ broker, admin } = shared)
})

const SAFE = { "x-content-type-options": "nosniff", "cache-control": "no-store", "x-frame-options": "DENY" }
const safeHeaders = (headers: Headers) => Object.fromEntries(Object.keys(SAFE).map((name) => [name, headers.get(name)]))

describe("every answer has the security headers and a request id", () => {
  test.each([
    ["GET /v1/health", 200],
    ["HEAD /v1/challenge", 200],
    ["GET /nowhere", 404],
    ["GET /v1/register", 405],
    ["POST /v1/register", 400],
    ["POST /v1/token/release", 401],
    ["OPTIONS /v1/register", 405],
  ])("%s", async (route, status) => {
    const answer = await call(broker.url, route)
    expect(answer.status).toBe(status)
    expect(safeHeaders(answer.headers)).toEqual(SAFE)
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{16}$/)
    expect(answer.headers.get("access-control-allow-origin")).toBeNull()
    expect(answer.headers.get("strict-transport-security")).toBeNull()
  })

  test.each([
    ["no HTTP at all", "hello\r\n\r\n", 400],
    ["a header without a colon", "GET / HTTP/1.1\r\nhost: a\r\nbroken\r\n\r\n", 400],
    [
      "two different lengths",
      "POST /v1/register HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
      400,
    ],
    [
      "a length and chunks",
      "POST /v1/register HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
      400,
    ],
    ["endless headers", `GET / HTTP/1.1\r\nhost: a\r\nx: ${"a".repeat(90_000)}\r\n\r\n`, 431],
    ["no Host", "GET /v1/health HTTP/1.1\r\nconnection: close\r\n\r\n", 400],
    ["an empty Host", "GET /v1/health HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n", 400],
    ["an absolute target without Host", "GET http://a/v1/health HTTP/1.1\r\n\r\n", 400],
    ["an invalid Host", "GET /v1/health HTTP/1.1\r\nhost: a b/c\r\nconnection: close\r\n\r\n", 400],
    [
      "an expectation",
      "POST /v1/register HTTP/1.1\r\nhost: a\r\nexpect: a miracle\r\ncontent-length: 2\r\n\r\n{}",
      400,
    ],
    ["CONNECT", "CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n", 405],
    ["a backslash in the path", "GET /v1\\health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", 400],
  ])("%s", async (_, bytes, status) => {
    const text = await rawHttp(broker.url, bytes)
    const [head = "", body = ""] = text.split("\r\n\r\n")
    expect(head.split("\r\n")[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    for (const [name, value] of Object.entries(SAFE))
      expect(head.toLowerCase()).toContain(`${name}: ${value.toLowerCase()}`)
    expect(head.toLowerCase()).toMatch(/\r\nx-request-id: [0-9a-f]{16}/)
    expect(head.toLowerCase()).toContain("content-type: application/problem+json")
    expect(JSON.parse(body)).toMatchObject({ status, error_code: expect.any(String), request_id: expect.any(String) })
  })
})

test.each([
  ["no Host", "GET /v1/health HTTP/1.1\r\nx-request-id: mine-1\r\nconnection: close\r\n\r\n"],
  ["CONNECT", "CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\nx-request-id: mine-1\r\n\r\n"],
  [
    "an expectation",
    "POST /v1/register HTTP/1.1\r\nhost: a\r\nx-request-id: mine-1\r\nexpect: more\r\ncontent-length: 0\r\n\r\n",
  ],
])("a client's request id is used with %s", async (_, bytes) => {
  expect((await rawHttp(broker.url, bytes)).toLowerCase()).toContain("\r\nx-request-id: mine-1\r\n")
})

// HTTP/1.0 without Host is what HAProxy's health check sends. An absolute target is what some clients of a proxy send.
test.each([
  ["HTTP/1.0 without Host", "GET /v1/health HTTP/1.0\r\n\r\n"],
  ["HTTP/1.0 with Host", "GET /v1/health HTTP/1.0\r\nhost: a\r\n\r\n"],
  ["an absolute target", "GET http://a/v1/health?b HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"],
])("%s is served", async (_, bytes) => {
  expect(await rawHttp(broker.url, bytes)).toMatch(/^HTTP\/1.1 200 /)
})

test("a problem's instance is the requested path", async () => {
  expect((await call(broker.url, "GET /nowhere/%0a%61?b")).body.instance).toBe("/nowhere/%0a%61")
})

test.each([
  ["abc-DEF_1.2", true],
  ["a".repeat(128), true],
  ["a".repeat(129), false],
  ["has space", false],
  ["semi;colon", false],
])("a client's request id %s is used: %s", async (id, kept) => {
  const { headers, body } = await call(broker.url, "GET /nowhere", { headers: { "x-request-id": id } })
  expect(headers.get("x-request-id") === id).toBe(kept)
  expect(body.request_id).toBe(headers.get("x-request-id"))
})

test("a problem document has every member of CONTRACT 1", async () => {
  const { body, status } = await call(broker.url, "GET /nowhere/at?all=1")
  expect([status, body]).toEqual([
    404,
    {
      type: "urn:agentwrit:error:not_found",
      title: "Not Found",
      status: 404,
      detail: expect.any(String),
      instance: "/nowhere/at",
      error_code: "not_found",
      request_id: expect.any(String),
      hint: expect.any(String),
    },
  ])
})

test.each([
  ["DELETE /v1/health", "GET, HEAD"],
  ["GET /v1/token/renew", "POST"],
  ["PUT /v1/audit/events", "GET, HEAD"],
])("%s is answered with Allow: %s", async (route, allow) => {
  const { status, headers, body } = await call(broker.url, route)
  expect([status, headers.get("allow"), body.error_code]).toEqual([405, allow, "method_not_allowed"])
})

describe("a body", () => {
  const LIMIT = 1_048_576
  const chunked = (size: number) =>
    new ReadableStream({
      start(controller) {
        for (let left = size; left > 0; left -= 65_536)
          controller.enqueue(new Uint8Array(Math.min(left, 65_536)).fill(32))
        controller.close()
      },
    })

  test.each([
    ["POST /v1/register", 400],
    ["POST /v1/token/renew", 401],
    ["POST /nowhere", 404],
  ])("of exactly 1 MiB reaches %s", async (route, status) => {
    expect((await call(broker.url, route, { raw: " ".repeat(LIMIT) })).status).toBe(status)
    expect((await call(broker.url, route, { raw: chunked(LIMIT) })).status).toBe(status)
  })

  test.each(["POST /v1/register", "POST /v1/token/renew", "POST /nowhere", "DELETE /v1/health"])(
    "over 1 MiB never reaches %s",
    async (route) => {
      for (const raw of [" ".repeat(LIMIT + 1), chunked(LIMIT + 1)]) {
        const refused = await call(broker.url, route, { raw })
        expect([refused.status, refused.body.error_code]).toEqual([413, "payload_too_large"])
      }
    },
  )

  test("over 1 MiB never reaches a GET", async () => {
    const head = "GET /v1/health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
    expect(await rawHttp(broker.url, `${head}content-length: ${LIMIT + 1}\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /)
    const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`
    expect(await rawHttp(broker.url, `${head}transfer-encoding: chunked\r\n\r\n${chunk.repeat(17)}0\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 413 /,
    )
  })

  const nested = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)},"secret":"x"}`
  test.each([
    ["not JSON", "{secret}", 400, /not JSON/],
    ["nothing", "", 400, /JSON/],
    ["a list", "[]", 400, /object/],
    ["invalid UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, /UTF-8/],
    ["a byte order mark", new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), 400, /JSON/],
    ["an unpaired surrogate", '{"secret":"\\ud800"}', 400, /surrogate/],
    ["an unpaired surrogate in a name", '{"\\udfff":1,"secret":"x"}', 400, /surrogate/],
    ["33 levels", nested(33), 400, /deeper than 32/],
    ["32 levels", nested(32), 401, /./],
    ["half a million levels", "[".repeat(500_000), 400, /JSON/],
    ["half a million whole levels", "[".repeat(500_000) + "]".repeat(500_000), 400, /deeper|JSON/],
    ["2^53 + 1", '{"secret":"x","n":9007199254740993}', 400, /2\^53/],
    ["2^53", '{"secret":"x","n":9007199254740992}', 401, /./],
    ["an infinite number", '{"secret":"x","n":1e400}', 400, /2\^53/],
    ["__proto__", '{"secret":"x","__proto__":{"admin":true}}', 401, /./],
  ])("that is %s", async (_, raw, status, detail) => {
    const answer = await call(broker.url, "POST /v1/admin/auth", {
      raw: raw as NonNullable<RequestInit["body"]>,
      headers: { "content-type": "text/plain" },
    })
    expect(answer.status).toBe(status)
    expect(answer.body.detail).toMatch(detail)
  })
})

describe("a query of the trail", () => {
  test.each([
    ["limit=0", /limit/],
    ["limit=1001", /limit/],
    ["limit=ten", /limit/],
    ["limit=1e1", /limit/],
    ["offset=-1", /offset/],
    ["since=yesterday", /since/],
    ["until=2026-02-30T00:00:00Z", /until/],
    ["outcome=maybe", /outcome/],
    ["event_type=nothing", /event_type/],
    ["after=7", /after/],
    ["limit=1&limit=2", /limit/],
  ])("with %s is a 400", async (query, detail) => {
    const { status, body } = await call(broker.url, `GET /v1/audit/events?${query}`, { bearer: admin })
    expect([status, body.error_code]).toEqual([400, "invalid_request"])
    expect(body.detail).toMatch(detail)
  })

  test("filters, pages and counts", async () => {
    const all = await trail(broker.url, admin)
    const { body } = await call(broker.url, "GET /v1/audit/events?outcome=denied&limit=2&offset=1&unknown=7", {
      bearer: admin,
    })
    const denied = all.filter(({ outcome }) => outcome === "denied")
    expect(body).toEqual({ events: denied.slice(1, 3), total: denied.length, offset: 1, limit: 2 })
    const first = await call(broker.url, "GET /v1/audit/events?limit=1", { bearer: admin })
    expect(first.body).toMatchObject({ events: [all[0]], offset: 0, limit: 1 })
  })
})

// With Node's own limit, this test would time out.
test("a client that sends only half of its headers gets a 408 within seconds", async () => {
  const text = await rawHttp(broker.url, "GET /v1/health HTTP/1.1\r\nhost: a\r\n")
  expect(text).toMatch(/^HTTP\/1.1 408 /)
  expect(text.toLowerCase()).toContain("x-content-type-options: nosniff")
})

test("clients that send CONNECT and disconnect do not end the broker", async () => {
  const { hostname, port } = new URL(broker.url)
  for (let time = 0; time < 200; time++) {
    const socket = connect(Number(port), hostname)
    socket.on("error", () => undefined)
    await once(socket, "connect")
    socket.write("CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n", () => socket.resetAndDestroy())
    await once(socket, "close")
  }
  expect((await call(broker.url, "GET /v1/health")).status).toBe(200)
})
