import { spawn } from "node:child_process"
import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { fileURLToPath } from "node:url"
import { startApi } from "@agentwrit/testing/api-server"
import { type SharedTestBroker, shareTestBroker, startTestBroker } from "@agentwrit/testing/broker"
import { adminToken, call } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { type Proxy as BrokerProxy, startProxy } from "@agentwrit/testing/proxy"
import { registerApp, sdkApp } from "@agentwrit/testing/sdk-app"
import { expect, test, vi } from "vitest"
import type { CreateAgentOptions, CredentialFailure } from "../../src/index.ts"

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }
const RENEW = "POST /v1/token/renew"

const time = fakeTimeOfFile()
let shared: SharedTestBroker
shareTestBroker(
  (broker) => {
    shared = broker
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

/** Lifetime of a 300 s token as its holder sees it: the broker counts from the start of the second. */
const LIFE_MS = 299_000

/** An agent behind a proxy, and the errors that it reported. */
async function agentBehind(proxy: BrokerProxy, options: Partial<CreateAgentOptions> & { ttl: number }) {
  const app = await sdkApp(shared, { brokerUrl: proxy.url, retries: 0, timeoutMs: 2 ** 31 - 1 })
  const failures: CredentialFailure[] = []
  const agent = await app.createAgent({ ...TASK, ...options, onError: (failure) => failures.push(failure) })
  return { agent, failures }
}

async function isValid(token: string): Promise<boolean> {
  return (await call(shared.url, "POST /v1/token/validate", { json: { token } })).body.valid
}

const renewals = (proxy: BrokerProxy) => proxy.seen.filter((seen) => seen === RENEW).length
const revoke = (target: string) =>
  call(shared.url, "POST /v1/revoke", { bearer: shared.admin, json: { level: "agent", target } })

test("a token is renewed automatically after about three quarters of its lifetime, each time", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 300 })
  // The first renewal comes between 0.7 and 0.8, so the second token may be up to 0.11 older than this row assumes.
  const rows: [renewal: number, tooEarly: number, due: number][] = [
    [1, 0.69, 0.12],
    [2, 0.58, 0.22],
  ]
  for (const [renewal, tooEarly, due] of rows) {
    const before = await agent.token()
    await time.pass(tooEarly * LIFE_MS)
    expect(renewals(proxy)).toBe(renewal - 1)
    await time.pass(due * LIFE_MS)
    await expect.poll(() => renewals(proxy)).toBe(renewal)
    const present = await agent.token()
    // The old token is not sent: as it comes back this late, the broker would end the agent.
    expect([present === before, await isValid(present)]).toEqual([false, true])
  }
  await agent.release()
})

test("concurrent calls share one renewal and its token", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 60, autoRenew: false })
  const before = await agent.token()
  await Promise.all([agent.renew(), agent.renew(), agent.renew()])
  expect(renewals(proxy)).toBe(1)
  const renewed = await agent.token()
  expect(renewed).not.toBe(before)
  const tokens = await Promise.all([agent.renew(), agent.token(), agent.token()])
  expect(tokens[1]).toBe(tokens[2])
  expect(tokens[1]).not.toBe(renewed)
  expect(await isValid(await agent.token())).toBe(true)
  expect(renewals(proxy)).toBe(2)
})

test("with autoRenew: false nothing is renewed, and an expired token is an error", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 300, autoRenew: false })
  await time.pass(LIFE_MS)
  await expect(agent.token()).rejects.toMatchObject({ code: "credential_expired" })
  await expect(agent.renew()).rejects.toMatchObject({ code: "credential_expired", hint: expect.any(String) })
  expect(renewals(proxy)).toBe(0)
})

test("an abort ends one caller's wait, but not the renewal or other waits", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 60 })
  const aborter = new AbortController()
  proxy.intercept = ({ url }) => {
    if (url === "/v1/token/renew") aborter.abort(new Error("enough"))
    return "pass"
  }
  const aborted = agent.renew({ signal: aborter.signal })
  const other = agent.renew()
  await expect(aborted).rejects.toThrow("enough")
  await other
  expect(renewals(proxy)).toBe(1)
  await expect(agent.token({ signal: aborter.signal })).rejects.toThrow("enough")
})

test("during an outage the token is used further, and renewed once the broker is back", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent, failures } = await agentBehind(proxy, { ttl: 300 })
  const first = await agent.token()
  const answers: ((answer: ServerResponse) => void)[] = [
    (answer) => answer.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>"),
    (answer) => answer.writeHead(500).end(),
    (answer) => answer.writeHead(503, { "retry-after": "0" }).end(),
  ]
  proxy.intercept = ({ url }, answer) => {
    if (url !== "/v1/token/renew") return "pass"
    answers[failures.length % answers.length]?.(answer)
    return "taken"
  }
  await time.pass(0.81 * LIFE_MS)
  await time.passUntil(() => failures.length >= answers.length)
  expect(await agent.token()).toBe(first)
  proxy.intercept = () => "pass"
  await time.passUntil(async () => (await agent.token()) !== first)
  for (const failure of failures) expect(failure).toMatchObject({ during: "renewal", willRetry: true })
  expect(await isValid(await agent.token())).toBe(true)
  await agent.release()
})

test("a renewal honours Retry-After, and fails when the token expires before that", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent, failures } = await agentBehind(proxy, { ttl: 60 })
  for (const seconds of ["20", "3600"]) {
    proxy.intercept = ({ url }, answer) => {
      if (url !== "/v1/token/renew") return "pass"
      answer.writeHead(503, { "retry-after": seconds }).end()
      return "taken"
    }
    await expect(agent.renew()).rejects.toMatchObject({ status: 503, retryAfter: Number(seconds) })
  }
  expect(failures.map(({ willRetry }) => willRetry)).toEqual([true, false])
  proxy.intercept = () => "pass"
  await agent.release()
})

test("a refusal ends the renewals, and every later use of the agent fails with it", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent, failures } = await agentBehind(proxy, { ttl: 300 })
  await revoke(agent.id)
  await time.pass(0.81 * LIFE_MS)
  await expect.poll(() => failures.length).toBe(1)
  expect(failures).toMatchObject([{ during: "renewal", willRetry: false, error: { code: "token_revoked" } }])
  await expect(agent.token()).rejects.toMatchObject({ name: "BrokerError", code: "token_revoked", status: 403 })
  await expect(agent.fetch("https://api.example", { allowedOrigins: "any" })).rejects.toMatchObject({
    code: "token_revoked",
  })
  expect(renewals(proxy)).toBe(1)
})

test("an agent whose app lost the scope keeps its token until it expires", async () => {
  await using proxy = await startProxy(shared.url)
  const { appId, ...credentials } = await registerApp(shared.url, shared.admin)
  const app = await sdkApp(shared, { brokerUrl: proxy.url, ...credentials })
  const agent = await app.createAgent({ ...TASK, ttl: 60 })
  const json = { scopes: ["read:other:*"] }
  await call(shared.url, `PUT /v1/admin/apps/${appId}`, { bearer: shared.admin, json })
  await expect(agent.renew()).rejects.toMatchObject({ code: "forbidden" })
  expect(await isValid(await agent.token())).toBe(true)
})

test("a release waits for a running renewal and releases its token; no renewal begins afterwards", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 300 })
  const before = await agent.token()
  const tokens: string[] = []
  proxy.edit = (chunk, path) => {
    if (path === "/v1/token/renew") tokens.push(JSON.parse(chunk).access_token)
    return chunk
  }
  const renewing = agent.renew()
  await agent.release()
  await renewing
  expect(tokens).toHaveLength(1)
  expect([await isValid(before), await isValid(tokens[0] ?? "")]).toEqual([false, false])
  expect(proxy.seen.slice(-2)).toEqual([RENEW, "POST /v1/token/release"])
  await time.pass(LIFE_MS)
  expect(renewals(proxy)).toBe(1)
})

test("agents created together renew at different times, all between 70 and 80 % of the lifetime", async () => {
  await using proxy = await startProxy(shared.url)
  const app = await sdkApp(shared, { brokerUrl: proxy.url })
  const agents = await Promise.all(Array.from({ length: 24 }, () => app.createAgent({ ...TASK, ttl: 300 })))
  const renewedAfter = async (part: number) => {
    await time.pass(part * LIFE_MS)
    await Promise.all(agents.map((agent) => agent.token()))
    return renewals(proxy)
  }
  expect(await renewedAfter(0.69)).toBe(0)
  const half = await renewedAfter(0.07)
  expect(half).toBeGreaterThan(0)
  expect(half).toBeLessThan(24)
  expect(await renewedAfter(0.05)).toBe(24)
  await Promise.all(agents.map((agent) => agent.release()))
})

test("a wrong clock, from the start or stepped later, ends no token early", async () => {
  // This broker uses the real time.
  await using broker = await startTestBroker()
  await using proxy = await startProxy(broker.url)
  const own = { url: broker.url, admin: await adminToken(broker.url) }
  const now = Date.now()
  vi.setSystemTime(0)
  const app = await sdkApp(own, { brokerUrl: proxy.url })
  const agent = await app.createAgent({ ...TASK, autoRenew: false })
  const token = await agent.token()
  for (const wrong of [4e12, 0]) {
    vi.setSystemTime(wrong)
    expect(await agent.token()).toBe(token)
  }
  await agent.renew()
  const { body } = await call(broker.url, "POST /v1/token/validate", { json: { token: await agent.token() } })
  expect(body.valid).toBe(true)
  vi.setSystemTime(now)
})

test("a token that became due while the machine slept is renewed before it is used", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 60 })
  const before = await agent.token()
  vi.setSystemTime(Date.now() + 50_000)
  const tokens = await Promise.all([agent.token(), agent.token()])
  expect(tokens).not.toContain(before)
  expect(new Set(tokens).size).toBe(1)
  expect(await isValid(tokens[0] ?? "")).toBe(true)
  expect(renewals(proxy)).toBe(1)
  await agent.release()
})

test("after a lost answer to a renewal, the release reports that a token may remain", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 60 })
  proxy.edit = (chunk, path) => {
    if (path === "/v1/token/renew") proxy.cut()
    return chunk
  }
  await expect(agent.renew()).rejects.toMatchObject({ name: "NetworkError" })
  await expect(agent.release()).rejects.toMatchObject({ name: "CredentialError", code: "release_uncertain" })
})

test("the same after a broker error during the renewal, which is not retried", async () => {
  await using proxy = await startProxy(shared.url)
  const app = await sdkApp(shared, { brokerUrl: proxy.url, retries: 3 })
  const agent = await app.createAgent({ ...TASK, autoRenew: false, bound: false })
  const token = await agent.token()
  proxy.intercept = (incoming, answer) => {
    if (incoming.url !== "/v1/token/renew") return "pass"
    const document = { status: 503, detail: "it failed", error_code: "unavailable", request_id: "r-1" }
    call(shared.url, RENEW, { bearer: token })
      .then(() => answer.writeHead(503, { "retry-after": "0" }).end(JSON.stringify(document)))
      .catch(() => answer.destroy())
    return "taken"
  }
  await expect(agent.renew()).rejects.toMatchObject({ name: "BrokerError", code: "unavailable", retryAfter: 0 })
  expect(renewals(proxy)).toBe(1)
  await expect(agent.release()).rejects.toMatchObject({ name: "CredentialError", code: "release_uncertain" })
})

test("at the end of a block, the block's error is thrown, and the release's error goes to onError", async () => {
  await using proxy = await startProxy(shared.url)
  const app = await sdkApp(shared, { brokerUrl: proxy.url, retries: 0, timeoutMs: 2 ** 31 - 1 })
  const failures: CredentialFailure[] = []
  const block = async () => {
    await using agent = await app.createAgent({ ...TASK, onError: (failure) => failures.push(failure) })
    proxy.intercept = (_, answer) => {
      answer.destroy()
      return "taken"
    }
    throw new Error(`the work of ${agent.id} failed`)
  }
  await expect(block()).rejects.toThrow(/^the work of spiffe:.* failed$/)
  expect(failures).toMatchObject([{ during: "release", willRetry: false, error: { name: "NetworkError" } }])
})

test("a failed release can be repeated", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 60 })
  const token = await agent.token()
  proxy.intercept = (_, answer) => {
    answer.destroy()
    return "taken"
  }
  await expect(agent.release()).rejects.toMatchObject({ name: "NetworkError", brokerUrl: proxy.url })
  await expect(agent.token()).rejects.toMatchObject({ code: "credential_released" })
  proxy.intercept = (_, answer) => {
    answer.end("<h1>Welcome</h1>")
    return "taken"
  }
  await expect(agent.release()).rejects.toMatchObject({ name: "UnexpectedAnswerError" })
  proxy.intercept = () => "pass"
  await agent.release()
  expect(await isValid(token)).toBe(false)
})

test("a request that is refused because its token was just replaced is sent once more with the new token", async () => {
  await using proxy = await startProxy(shared.url)
  const { agent } = await agentBehind(proxy, { ttl: 60, allowedOrigins: "any" })
  const challenge = { status: 401, headers: { "www-authenticate": 'Bearer realm="api", error="invalid_token"' } }
  const tokens: (string | undefined)[] = []
  await using api = await startApi(async ({ authorization, path }) => {
    tokens.push(authorization)
    if (path.startsWith("/to?")) return { status: 307, headers: { location: path.slice(4) } }
    if (path === "/always") return challenge
    if (tokens.length > 1) return {}
    await agent.renew()
    return challenge
  })
  const answer = await agent.fetch(api.origin, { method: "POST", body: "text" })
  expect(answer.status).toBe(200)
  expect(tokens[0]).not.toBe(tokens[1])
  expect(tokens[1]).toBe(`DPoP ${await agent.token()}`)
  // A stream was read already, and another origin must not get a token by a refusal.
  const streamed = { method: "POST", body: new Blob(["text"]).stream(), duplex: "half" } as RequestInit
  await using elsewhere = await startApi(async () => {
    await agent.renew()
    return challenge
  })
  expect((await agent.fetch(elsewhere.origin, streamed)).status).toBe(401)
  expect((await agent.fetch(`${api.origin}/to?${elsewhere.origin}`)).status).toBe(401)
  expect(elsewhere.received.map(({ authorization }) => authorization !== undefined)).toEqual([true, false])
  // An API that always refuses causes no renewals.
  expect((await agent.fetch(`${api.origin}/always`)).status).toBe(401)
  expect([tokens.length, renewals(proxy)]).toEqual([4, 3])
})

test("a scheduled renewal does not keep the process alive", async () => {
  const { clientId, clientSecret } = await registerApp(shared.url, shared.admin)
  const script = `
    import { AgentWritApp } from "@agentwrit/sdk"
    const app = new AgentWritApp(${JSON.stringify({ brokerUrl: shared.url, clientId, clientSecret })})
    const agent = await app.createAgent(${JSON.stringify(TASK)})
    console.log(agent.id)`
  const child = spawn(process.execPath, ["--conditions=@agentwrit/source", "--input-type=module", "--eval", script], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  })
  let output = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text))
  const [code] = await once(child, "close")
  expect([code, output]).toEqual([0, expect.stringMatching(/^spiffe:/)])
})
