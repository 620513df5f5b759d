import { once } from "node:events"
import { statSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { brokerFolder, runBroker, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, registration } from "@agentwrit/testing/client"
import { rawHttp } from "@agentwrit/testing/raw-http"
import { describe, expect, test } from "vitest"

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s lets a request in flight finish, refuses new ones, and exits 0",
  async (signal) => {
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder)
    const { hostname, port } = new URL(broker.url)
    const body = JSON.stringify({ secret: folder.environment["AA_ADMIN_SECRET"] })
    const socket = connect(Number(port), hostname)
    let answer = ""
    socket.setEncoding("utf8").on("data", (text: string) => (answer += text))
    await once(socket, "connect")
    socket.write(`POST /v1/admin/auth HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`)
    // Answered only once the broker has read what the socket sent before.
    await call(broker.url, "GET /v1/health")
    const ended = broker.end(signal)
    await expect
      .poll(() =>
        call(broker.url, "GET /v1/health").then(
          () => "open",
          () => "closed",
        ),
      )
      .toBe("closed")
    socket.write(body.slice(5))
    await once(socket, "close")
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: "" })
  },
)

test("the log has address and mode of the start, and at level trace every answer with its route", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, { AA_LOG_LEVEL: "trace" })
  const secret = "not-to-be-logged"
  await call(broker.url, `GET /v1/admin/apps/${secret}?token=${secret}`, { headers: { "x-request-id": "traced-1" } })
  await call(broker.url, `GET /${secret}`)
  const { stdout } = await broker.end("SIGTERM")
  expect(stdout).toMatch(/\[AA:BROKER:WARN\] \S+ \| CFG \| development mode: .*AA_MODE=production/)
  expect(stdout).toMatch(/ \| main \| starting broker \| addr=127\.0\.0\.1:0, version=\S+, mode=development\n/)
  expect(stdout).toMatch(
    /\[AA:BROKER:TRACE\] \S+ \| http \| answered \| request_id=traced-1, method=GET, route="?\/v1\/admin\/apps\/\{id\}"?, status=401, milliseconds=[\d.]+\n/,
  )
  expect(stdout).toMatch(/route=other, status=404/)
  expect(stdout).not.toContain(secret)
})

test("at level verbose no answer is logged; in production there is no warning", async () => {
  await using folder = await brokerFolder()
  const environment = { AA_LOG_LEVEL: "verbose", AA_MODE: "production", AA_PUBLIC_URL: "https://broker.example" }
  await using broker = await startBroker(folder, environment)
  await call(broker.url, "GET /v1/health")
  expect((await broker.end("SIGTERM")).stdout).not.toMatch(/TRACE|WARN/)
})

test("a stop ends the streams of the feed instead of cutting them off", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  const stream = rawHttp(broker.url, "GET /v1/revocations HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n")
  // Answered only once the broker has read what the stream's connection sent before.
  await call(broker.url, "GET /v1/health")
  expect(await broker.end("SIGTERM")).toMatchObject({ code: 0, stderr: "" })
  expect(await stream).toMatch(/\r\n0\r\n\r\n$/)
})

test("only the owner can read keys and database, and tokens are valid after a restart", async () => {
  await using folder = await brokerFolder()
  const first = await startBroker(folder)
  const { access_token } = await agent(first.url, await adminToken(first.url))
  for (const name of ["signing.key", "audit.key", "audit.checkpoint", "data.db"])
    await expect
      .poll(() => statSync(join(folder.path, name), { throwIfNoEntry: false })?.mode ?? 0)
      .toSatisfy((mode: number) => mode !== 0 && (mode & 0o077) === 0)
  await first.end("SIGTERM")
  await using second = await startBroker(folder)
  expect((await call(second.url, "POST /v1/token/validate", { json: { token: access_token } })).body.valid).toBe(true)
})

describe("a start is refused in one message", () => {
  test("that lists every invalid variable, what is accepted, and no secret", async () => {
    const { code, stderr, stdout } = await runBroker({
      AA_ADMIN_SECRET: "",
      AA_PORT: "eighty",
      AA_MAX_TTL: "-1",
      AA_TRUST_DOMAIN: "Not A Domain",
    })
    expect(code).toBe(1)
    for (const name of ["AA_ADMIN_SECRET", "AA_PORT", "AA_MAX_TTL", "AA_TRUST_DOMAIN", "eighty"])
      expect(stderr).toContain(name)
    expect(stderr + stdout).not.toMatch(/\bat .*:\d+:\d+/)
  })

  test("for a port that is taken, and names AA_PORT", async () => {
    await using folder = await brokerFolder()
    const taken = createServer().listen(0, "127.0.0.1")
    await once(taken, "listening")
    const address = taken.address()
    const port = typeof address === "object" ? String(address?.port) : ""
    const { code, stderr } = await runBroker({ ...folder.environment, AA_PORT: port })
    taken.close()
    expect([code, stderr]).toEqual([1, expect.stringMatching(/AA_PORT/)])
  })
})

test("seed tokens are printed only in development, and work", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, { AA_SEED_TOKENS: "true" })
  const { stdout } = broker.output()
  const launch = /^SEED_LAUNCH_TOKEN=([0-9a-f]{64})$/m.exec(stdout)?.[1] ?? ""
  const admin = /^SEED_ADMIN_TOKEN=(\S+)$/m.exec(stdout)?.[1] ?? ""
  const json = await registration(broker.url, launch, { requested_scope: ["write:data:7"] })
  expect((await call(broker.url, "POST /v1/register", { json })).status).toBe(200)
  expect((await call(broker.url, "GET /v1/audit/events", { bearer: admin })).body.total).toBe(4)
  const production = await runBroker({ ...folder.environment, AA_SEED_TOKENS: "true", AA_MODE: "production" })
  expect([production.code, production.stderr]).toEqual([1, expect.stringContaining("AA_SEED_TOKENS")])
})
