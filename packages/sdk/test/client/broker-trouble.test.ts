import type { IncomingMessage, ServerResponse } from "node:http"
import { inspect } from "node:util"
import { type SharedTestBroker, shareTestBroker } from "@agentwrit/testing/broker"
import { call, launchToken } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { type Proxy as BrokerProxy, closedAddress, startProxy } from "@agentwrit/testing/proxy"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { describe, expect, test, vi } from "vitest"
import { AgentWritApp, type AppOptions, registerAgent } from "../../src/index.ts"

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }
/** A long timeout: these tests advance the time in steps, and the network needs real time. */
const NO_TIMEOUT = { timeoutMs: 2 ** 31 - 1 } as const
const SIGN_IN = "POST /v1/app/auth"
const CREATE = "POST /v1/app/launch-tokens"
const CHALLENGE = "GET /v1/challenge"
const REGISTER = "POST /v1/register"

const time = fakeTimeOfFile()
let shared: SharedTestBroker
shareTestBroker(
  (broker) => {
    shared = broker
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

async function appBehind(proxy: BrokerProxy, options: Partial<AppOptions> = {}) {
  const { clientId, clientSecret } = await registerApp(shared.url, shared.admin)
  return new AgentWritApp({ brokerUrl: proxy.url, clientId, clientSecret, ...NO_TIMEOUT, ...options })
}

/** Gives these answers to the first requests of a path, in order, instead of the broker. */
function answering(path: string, ...answers: ((answer: ServerResponse) => void)[]) {
  return ({ url }: IncomingMessage, response: ServerResponse) => {
    const answer = url === path ? answers.shift() : undefined
    if (answer === undefined) return "pass" as const
    answer(response)
    return "taken" as const
  }
}

const problem =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  (answer: ServerResponse) => {
    const document = { type: `urn:agentwrit:error:${code}`, title: "x", status, detail: `it is ${code}`, instance: "/" }
    answer.writeHead(status, { "content-type": "application/problem+json", ...headers })
    answer.end(JSON.stringify({ ...document, error_code: code, request_id: "r-1" }))
  }
const html =
  (status: number, headers: Record<string, string> = {}) =>
  (answer: ServerResponse) =>
    void answer.writeHead(status, { "content-type": "text/html", ...headers }).end("<html><h1>It works!</h1></html>")
const cut = (answer: ServerResponse) => void answer.destroy()
const half = (answer: ServerResponse) => {
  answer.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
  answer.write('{"access_token": "ey', () => answer.destroy())
}
const silence = () => undefined

describe("signing in", () => {
  test("happens at the first use, once for concurrent calls", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    expect(proxy.seen).toEqual([])
    const agents = await Promise.all([app.createAgent(TASK), app.createAgent(TASK), app.createAgent(TASK)])
    expect(proxy.seen.filter((seen) => seen === SIGN_IN)).toHaveLength(1)
    await Promise.all(agents.map((agent) => agent.release()))
  })

  test("with a wrong secret fails every waiting call", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy, { clientSecret: "0".repeat(64) })
    const wrong = { name: "BrokerError", code: "unauthorized", status: 401, requestId: expect.any(String) }
    await expect(app.createAgent(TASK)).rejects.toMatchObject(wrong)
    await expect(app.createAgent(TASK)).rejects.toMatchObject(wrong)
    expect(proxy.seen).toEqual([SIGN_IN, SIGN_IN])
  })

  test("beyond the broker's rate limit fails with retryAfter, and does not wait a minute", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    proxy.intercept = answering("/v1/app/auth", problem(429, "rate_limited", { "retry-after": "60" }))
    await expect(app.createAgent(TASK)).rejects.toMatchObject({ code: "rate_limited", status: 429, retryAfter: 60 })
    expect(proxy.seen).toEqual([SIGN_IN])
  })

  test("is repeated before the token expires, and once when the broker refuses the token", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    proxy.edit = (chunk, path) =>
      path === "/v1/app/auth" ? chunk.replace(/"expires_in":\d+/, '"expires_in":0') : chunk
    await app.createLaunchToken(TASK)
    proxy.edit = (chunk) => chunk
    await app.createLaunchToken(TASK)
    await app.createLaunchToken(TASK)
    expect(proxy.seen).toEqual([SIGN_IN, CREATE, SIGN_IN, CREATE, CREATE])
    proxy.intercept = answering("/v1/app/launch-tokens", problem(403, "token_revoked"), problem(403, "token_revoked"))
    await Promise.all([app.createLaunchToken(TASK), app.createLaunchToken(TASK)])
    expect(proxy.seen.slice(5).toSorted()).toEqual([SIGN_IN, CREATE, CREATE, CREATE, CREATE])
  })

  test("is shared with a call whose old token is refused later", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    await app.createLaunchToken(TASK)
    const late: ServerResponse[] = []
    proxy.intercept = answering("/v1/app/launch-tokens", (answer) => late.push(answer), problem(403, "token_revoked"))
    const first = app.createLaunchToken(TASK)
    await expect.poll(() => late.length).toBe(1)
    await app.createLaunchToken(TASK)
    for (const answer of late) problem(403, "token_revoked")(answer)
    await first
    expect(proxy.seen.filter((seen) => seen === SIGN_IN)).toHaveLength(2)
  })

  test("is not repeated when the new token is refused too", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    proxy.intercept = answering("/v1/app/launch-tokens", problem(401, "unauthorized"), problem(401, "unauthorized"))
    await expect(app.createLaunchToken(TASK)).rejects.toMatchObject({ code: "unauthorized" })
    expect(proxy.seen).toEqual([SIGN_IN, CREATE, SIGN_IN, CREATE])
  })

  test("of a deregistered app is refused", async () => {
    const { appId, ...secrets } = await registerApp(shared.url, shared.admin)
    const app = new AgentWritApp({ brokerUrl: shared.url, ...secrets })
    await app.createLaunchToken(TASK)
    await call(shared.url, `DELETE /v1/admin/apps/${appId}`, { bearer: shared.admin })
    await expect(app.createLaunchToken(TASK)).rejects.toMatchObject({ code: "unauthorized", status: 401 })
  })

  test("continues for other calls when one is aborted", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    const aborter = new AbortController()
    proxy.intercept = ({ url }) => {
      if (url === "/v1/app/auth") aborter.abort(new Error("enough"))
      return "pass"
    }
    const aborted = app.createLaunchToken({ ...TASK, signal: aborter.signal })
    const other = app.createLaunchToken(TASK)
    await expect(aborted).rejects.toThrow("enough")
    expect(await other).toMatch(/^[0-9a-f]{64}$/)
    expect(proxy.seen.filter((seen) => seen === SIGN_IN)).toHaveLength(1)
  })
})

describe("a repeatable call is retried after", () => {
  test.each<[string, (answer: ServerResponse) => void]>([
    ["500", problem(500, "internal_error")],
    ["503 with a Retry-After", problem(503, "unavailable", { "retry-after": "1" })],
    ["502 in HTML", html(502)],
    ["503 in HTML with a Retry-After", html(503, { "retry-after": "1" })],
    ["429 in HTML", html(429)],
    ["504", html(504)],
    ["a cut connection", cut],
    ["an answer cut in its body", half],
  ])("%s", async (_what, answer) => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    proxy.intercept = answering("/v1/app/launch-tokens", answer)
    const began = Date.now()
    expect(await time.passUntilSettled(app.createLaunchToken(TASK))).toMatch(/^[0-9a-f]{64}$/)
    expect(proxy.seen).toEqual([SIGN_IN, CREATE, CREATE])
    if (_what.includes("Retry-After")) expect(Date.now() - began).toBeGreaterThanOrEqual(1000)
  })

  test("a timeout of one attempt", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy, { timeoutMs: 60_000 })
    proxy.intercept = answering("/v1/app/launch-tokens", silence)
    const created = app.createLaunchToken(TASK)
    await expect.poll(() => proxy.seen.length).toBe(2)
    await time.pass(60_000)
    expect(await time.passUntilSettled(created)).toMatch(/^[0-9a-f]{64}$/)
    expect(proxy.seen).toEqual([SIGN_IN, CREATE, CREATE])
  })

  test("waits that grow and have jitter", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    const times: number[] = []
    const late = (answer: ServerResponse) => {
      times.push(Date.now())
      cut(answer)
    }
    using longest = vi.spyOn(Math, "random").mockReturnValue(0.999)
    proxy.intercept = answering("/v1/app/launch-tokens", late, late, late)
    const created = app.createLaunchToken(TASK)
    await expect(time.passUntilSettled(created)).rejects.toMatchObject({ code: "network_error" })
    expect(longest).toHaveBeenCalled()
    const [first = 0, second = 0, third = 0] = times
    expect(second - first).toBeGreaterThan(290)
    expect(third - second).toBeGreaterThan(590)
  })

  test("but not when Retry-After asks for a long wait; the error has its seconds", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy)
    const date = new Date(Date.now() + 60_000).toUTCString()
    proxy.intercept = answering(
      "/v1/app/launch-tokens",
      ...[problem(503, "unavailable", { "retry-after": "11" }), html(503, { "retry-after": date })],
    )
    await expect(app.createLaunchToken(TASK)).rejects.toMatchObject({ code: "unavailable", retryAfter: 11 })
    const error = await app.createLaunchToken(TASK).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: "unexpected_answer", status: 503, retryAfter: expect.closeTo(60, -1) })
    expect(proxy.seen).toEqual([SIGN_IN, CREATE, CREATE])
  })

  test("and fails after the configured number of retries", async () => {
    await using proxy = await startProxy(shared.url)
    const app = await appBehind(proxy, { retries: 1 })
    proxy.intercept = answering("/v1/app/launch-tokens", cut, cut, cut)
    const created = time.passUntilSettled(app.createLaunchToken(TASK))
    await expect(created).rejects.toMatchObject({ name: "NetworkError", code: "network_error" })
    expect(proxy.seen).toEqual([SIGN_IN, CREATE, CREATE])
  })
})

describe("a registration", () => {
  async function registering(proxy: BrokerProxy) {
    const given = await launchToken(shared.url, shared.admin)
    return registerAgent({ brokerUrl: proxy.url, launchToken: given, ...TASK })
  }

  test("that was refused before it had an effect is retried with a new nonce", async () => {
    await using proxy = await startProxy(shared.url)
    proxy.intercept = answering("/v1/register", problem(429, "rate_limited", { "retry-after": "0" }))
    const agent = await time.passUntilSettled(registering(proxy))
    expect(proxy.seen).toEqual([CHALLENGE, REGISTER, CHALLENGE, REGISTER])
    await agent.release()
  })

  test("that never reached the broker is retried", async () => {
    const given = await launchToken(shared.url, shared.admin)
    const nowhere = await closedAddress()
    const urls: string[] = []
    const fetch = (url: string, init: RequestInit) => {
      urls.push(new URL(url).pathname)
      return globalThis.fetch(urls.length === 2 ? nowhere : url, init)
    }
    const registering = registerAgent({ brokerUrl: shared.url, launchToken: given, ...TASK, fetch })
    const agent = await time.passUntilSettled(registering)
    expect(urls).toEqual(["/v1/challenge", "/v1/register", "/v1/challenge", "/v1/register"])
    await agent.release()
  })

  test.each<[string, (answer: ServerResponse) => void, string]>([
    ["500", problem(500, "internal_error"), "internal_error"],
    ["503", problem(503, "unavailable", { "retry-after": "0" }), "unavailable"],
    ["silence", silence, "timeout"],
    ["a cut connection", cut, "network_error"],
    ["an answer cut in its body", half, "network_error"],
    ["HTML", html(200), "unexpected_answer"],
  ])("whose outcome is unknown is not retried: %s", async (_what, answer, code) => {
    await using proxy = await startProxy(shared.url)
    proxy.intercept = answering("/v1/register", answer)
    await expect(time.passUntilSettled(registering(proxy))).rejects.toMatchObject({ code })
    expect(proxy.seen).toEqual([CHALLENGE, REGISTER])
  })
})

test("a delegation whose outcome is unknown is not retried", async () => {
  await using proxy = await startProxy(shared.url)
  const app = await appBehind(proxy)
  const [agent, other] = await Promise.all([app.createAgent(TASK), app.createAgent(TASK)])
  proxy.intercept = answering("/v1/delegate", cut)
  await expect(agent.delegate({ to: other.id, scope: TASK.scope })).rejects.toMatchObject({ code: "network_error" })
  expect(proxy.seen.filter((seen) => seen === "POST /v1/delegate")).toHaveLength(1)
})

describe("an error names the broker and says what to do", () => {
  const app = (brokerUrl: string) => new AgentWritApp({ brokerUrl, clientId: "c", clientSecret: "s", retries: 0 })

  test("when nothing listens at its address", async () => {
    const brokerUrl = await closedAddress()
    await expect(app(brokerUrl).createAgent(TASK)).rejects.toMatchObject({
      name: "NetworkError",
      code: "network_error",
      brokerUrl,
      status: undefined,
      hint: expect.any(String),
      message: `the broker at ${brokerUrl} cannot be reached (ECONNREFUSED)`,
    })
  })

  test("when its URL has a path of the API", async () => {
    const hint = expect.stringContaining("without /v1")
    await expect(app(`${shared.url}/v1`).createAgent(TASK)).rejects.toMatchObject({ code: "not_found", hint })
  })

  test.each<[string, (answer: ServerResponse) => void, Record<string, unknown>]>([
    ["silence", silence, { name: "NetworkError", code: "timeout" }],
    ["HTML", html(200), { name: "UnexpectedAnswerError", code: "unexpected_answer", status: 200 }],
    ["HTML and 404", html(404), { name: "UnexpectedAnswerError", code: "unexpected_answer", status: 404 }],
    ["a redirect", (answer) => answer.writeHead(302, { location: "https://elsewhere.example" }).end(), { status: 302 }],
    ["JSON of another form", (answer) => answer.end("{}"), { name: "UnexpectedAnswerError", status: 200 }],
    ["an invalid token", (answer) => answer.end(NO_TOKEN), { name: "UnexpectedAnswerError" }],
  ])("on %s", async (_what, answer, expected) => {
    await using proxy = await startProxy(shared.url)
    proxy.intercept = answering("/v1/app/auth", answer)
    const created = app(proxy.url).createAgent(TASK)
    const error = await time.passUntilSettled(created.catch((caught: unknown) => caught))
    expect(error).toMatchObject({ ...expected, brokerUrl: proxy.url, hint: expect.any(String) })
    expect(inspect(error)).not.toContain("planted")
  })

  const NO_TOKEN = JSON.stringify({ access_token: "planted\r\n", expires_in: 60, token_type: "Bearer", scopes: [] })
})

test("an abort ends a running call", async () => {
  await using proxy = await startProxy(shared.url)
  const app = await appBehind(proxy)
  const aborter = new AbortController()
  proxy.intercept = answering("/v1/app/launch-tokens", () => aborter.abort(new Error("enough")))
  await expect(app.createAgent({ ...TASK, signal: aborter.signal })).rejects.toThrow("enough")
  expect(proxy.seen).toEqual([SIGN_IN, CREATE])
})

test("an abort during the wait between two attempts ends the call", async () => {
  await using proxy = await startProxy(shared.url)
  const app = await appBehind(proxy)
  proxy.intercept = answering("/v1/app/launch-tokens", problem(503, "unavailable", { "retry-after": "9" }))
  const aborter = new AbortController()
  const created = app.createAgent({ ...TASK, signal: aborter.signal })
  await expect.poll(() => proxy.seen).toEqual([SIGN_IN, CREATE])
  await time.pass(8_000)
  aborter.abort(new Error("enough"))
  await expect(created).rejects.toThrow("enough")
  await expect(app.createAgent({ ...TASK, signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough")
})

test("timeout and abort work with a custom fetch that ignores its signal", async () => {
  const deaf = { clientId: "c", clientSecret: "s", retries: 0, fetch: () => new Promise<Response>(() => undefined) }
  const brokerUrl = "http://127.0.0.1:1"
  const timed = new AgentWritApp({ ...deaf, brokerUrl })
  await expect(time.passUntilSettled(timed.createAgent(TASK))).rejects.toMatchObject({
    name: "NetworkError",
    code: "timeout",
  })
  const aborted = new AgentWritApp({ ...deaf, brokerUrl })
  const created = aborted.createAgent({ ...TASK, signal: AbortSignal.timeout(100) })
  await expect(time.passUntilSettled(created)).rejects.toThrow(/timed out/)
})

test("invalid options of an agent are refused before any call", async () => {
  await using proxy = await startProxy(shared.url)
  const app = await appBehind(proxy)
  const short = { publicKey: new Uint8Array(31), sign: () => new Uint8Array(64) }
  await expect(app.createAgent({ ...TASK, key: short })).rejects.toThrow(TypeError)
  await expect(app.createAgent({ ...TASK, allowedOrigins: ["nowhere"] })).rejects.toThrow(TypeError)
  expect(proxy.seen).toEqual([])
})

test.each<[string, Partial<AppOptions>]>([
  ["no URL", { brokerUrl: "broker.example" }],
  ["a URL of another scheme", { brokerUrl: "ftp://broker.example" }],
  ["a URL with a password", { brokerUrl: "https://user:planted@broker.example" }],
  ["no client id", { clientId: "" }],
  ["no client secret", { clientSecret: undefined as never }],
  ["a timeout of 0", { timeoutMs: 0 }],
  ["half a retry", { retries: 0.5 }],
])("an app with %s is a TypeError", (_what, options) => {
  const make = () =>
    new AgentWritApp({ brokerUrl: "https://b.example", clientId: "c", clientSecret: "planted", ...options })
  expect(make).toThrow(TypeError)
  expect(make).not.toThrow(/planted/)
})

test("a proxy that refuses large headers is named, with what to do", async () => {
  await using proxy = await startProxy(shared.url)
  proxy.intercept = (_, answer) => {
    answer.writeHead(431).end("Request Header Fields Too Large")
    return "taken"
  }
  const app = new AgentWritApp({ brokerUrl: proxy.url, clientId: "client", clientSecret: "secret" })
  await expect(app.createAgent({ orchId: "crm", taskId: "t-1", scope: ["read:data:7"] })).rejects.toMatchObject({
    code: "unexpected_answer",
    status: 431,
    hint: expect.stringContaining("its headers are too large: ask for fewer scopes"),
  })
})
