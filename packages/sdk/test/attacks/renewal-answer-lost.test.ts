import { type SharedTestBroker, shareTestBroker } from "@agentwrit/testing/broker"
import { call, launchToken } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { type Proxy as BrokerProxy, startProxy } from "@agentwrit/testing/proxy"
import { sdkApp } from "@agentwrit/testing/sdk-app"
import { expect, test } from "vitest"
import { registerAgent } from "../../src/index.ts"

// Before: an agent whose renewal's answer was lost asked again with the old token. More than 10 s after the renewal the
// broker takes that for a stolen token, and ended the agent with all that it had delegated.

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:7"] }
const RENEW = "/v1/token/renew"

const time = fakeTimeOfFile()
let shared: SharedTestBroker
shareTestBroker(
  (broker) => {
    shared = broker
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

/** The broker renews, and its answer is lost. */
function loseAnswers(proxy: BrokerProxy): void {
  proxy.edit = (chunk, path) => {
    if (path === RENEW) proxy.cut()
    return chunk
  }
}

/** Renewals do not reach the broker. */
function loseRequests(proxy: BrokerProxy): void {
  proxy.intercept = ({ url }, answer) => {
    if (url !== RENEW) return "pass"
    answer.destroy()
    return "taken"
  }
}

async function isGood(token: string): Promise<boolean> {
  return (await call(shared.url, "POST /v1/token/validate", { json: { token } })).body.valid
}

const detections = async () =>
  (await call(shared.url, "GET /v1/audit/events?event_type=token_reuse_detected", { bearer: shared.admin })).body.total

const registered = async (proxy: BrokerProxy, bound: boolean) =>
  registerAgent({
    brokerUrl: proxy.url,
    launchToken: await launchToken(shared.url, shared.admin),
    ...TASK,
    ttl: 300,
    bound,
    retries: 0,
    timeoutMs: 2 ** 31 - 1,
  })

test.each([
  ["bound", true],
  ["bearer", false],
])("an app's agent with a %s token registers anew, with the same key", async (_, bound) => {
  await using proxy = await startProxy(shared.url)
  const app = await sdkApp(shared, { brokerUrl: proxy.url, retries: 0, timeoutMs: 2 ** 31 - 1 })
  const agent = await app.createAgent({ ...TASK, ttl: 300, bound })
  const { id } = agent
  loseAnswers(proxy)
  await expect(agent.renew()).rejects.toMatchObject({ name: "NetworkError" })
  proxy.edit = (chunk) => chunk
  await time.passUntil(() => agent.id !== id)
  expect(await isGood(await agent.token())).toBe(true)
  await agent.renew()
  expect(await isGood(await agent.token())).toBe(true)
  await agent.release()
  expect(await detections()).toBe(0)
})

test("a bound token that was not replaced is renewed once the broker says that it is good", async () => {
  await using proxy = await startProxy(shared.url)
  const agent = await registered(proxy, true)
  const { id } = agent
  const before = await agent.token()
  loseRequests(proxy)
  await expect(agent.renew()).rejects.toMatchObject({ name: "NetworkError" })
  const at = Date.now() + 30_000
  await time.passUntil(() => Date.now() >= at)
  expect(await agent.token()).toBe(before)
  proxy.intercept = () => "pass"
  await time.passUntil(async () => (await agent.token()) !== before)
  expect([agent.id, await isGood(await agent.token())]).toEqual([id, true])
  await agent.release()
})

test.each([
  ["bound", true],
  ["bearer", false],
])(
  "without an app, a %s token that may be replaced is not presented any more, and the error says so",
  async (_, bound) => {
    await using proxy = await startProxy(shared.url)
    const agent = await registered(proxy, bound)
    loseAnswers(proxy)
    await expect(agent.renew()).rejects.toMatchObject({ name: "NetworkError" })
    proxy.edit = (chunk) => chunk
    loseRequests(proxy)
    // In small steps, so that what is sent arrives in its time.
    const at = Date.now() + 11_000
    await time.passUntil(() => Date.now() >= at)
    proxy.intercept = () => "pass"
    const lost = {
      name: "CredentialError",
      code: "renewal_lost",
      hint: expect.stringContaining("register another agent"),
    }
    await expect(agent.renew()).rejects.toMatchObject(lost)
    await expect(agent.token()).rejects.toMatchObject(lost)
    await expect(agent.delegate({ to: agent.id, scope: TASK.scope })).rejects.toMatchObject(lost)
    await expect(agent.release()).rejects.toMatchObject({ code: "release_uncertain" })
    expect(await detections()).toBe(0)
  },
)
