import { startTestBroker } from "@agentwrit/testing/broker"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { startProxy } from "@agentwrit/testing/proxy"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { delegationChain, revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"
import { AgentWritApp } from "../../src/index.ts"
import { NO_TIMEOUT } from "./feed-proxy.ts"

const time = fakeTimeOfFile()
const start = async (options = {}) => {
  const broker = await startTestBroker({ clock: time.clock, ...options })
  return { broker, url: broker.url, admin: await adminToken(broker.url) }
}
type Started = Awaited<ReturnType<typeof start>>

const TASK = { orchId: "crm", scope: ["read:data:7"] } as const

/** An app of the SDK, and what makes tokens of its agents. */
async function newApp({ url, admin }: Started) {
  const { appId, clientId, clientSecret } = await registerApp(url, admin)
  const app = new AgentWritApp({ brokerUrl: url, clientId, clientSecret, ...NO_TIMEOUT })
  const tokenOf = async (taskId: string): Promise<string> =>
    (await time.passUntilSettled(app.createAgent({ ...TASK, taskId, ttl: 3_600, bound: false }))).token()
  return { appId, tokenOf }
}

test("level app ends what the app's agents hold and delegated, and a restored app's new agents are accepted", async () => {
  const started = await start()
  await using broker = started.broker
  const { url, admin } = started
  const [app, other] = [await newApp(started), await newApp(started)]
  const verifier = testVerifier({ brokerUrl: broker.url, ...NO_TIMEOUT })
  const held = await app.tokenOf("t-1")
  const delegate = await agent(url, admin)
  const delegation = { delegate_to: delegate.agent_id, scope: ["read:data:7"] }
  const delegated = (await call(url, "POST /v1/delegate", { bearer: held, json: delegation })).body.access_token
  const untouched = await other.tokenOf("t-2")
  expect(await verdict(verifier, held)).toMatch(/^spiffe:/)
  await revoke(url, admin, "app", app.appId)
  await expect.poll(() => verdict(verifier, held)).toBe("token_revoked")
  expect(await verdict(verifier, delegated)).toBe("token_revoked")
  expect(await verdict(verifier, untouched)).toMatch(/^spiffe:/)
  expect(await verdict(verifier, delegate.access_token)).toBe(delegate.agent_id)

  expect((await call(url, `POST /v1/admin/apps/${app.appId}/restore`, { bearer: admin })).status).toBe(200)
  await time.pass(2_000)
  expect(await verdict(verifier, await app.tokenOf("t-3"))).toMatch(/^spiffe:/)
  expect(await verdict(verifier, held)).toBe("token_revoked")
  // A verifier that joins later reads the cutoff from a page.
  const late = testVerifier({ brokerUrl: broker.url, ...NO_TIMEOUT })
  expect(await verdict(late, held)).toBe("token_revoked")
  expect(await verdict(late, untouched)).toMatch(/^spiffe:/)
})

test("level all ends every token of agents and apps that was issued up to then, and no later one", async () => {
  const started = await start()
  await using broker = started.broker
  const { url, admin } = started
  const verifier = testVerifier({ brokerUrl: broker.url, ...NO_TIMEOUT })
  const { tokens } = await delegationChain(url, admin, 2)
  for (const token of tokens) expect(await verdict(verifier, token)).toMatch(/^spiffe:/)
  await revoke(url, admin, "all", "*")
  for (const token of tokens) await expect.poll(() => verdict(verifier, token)).toBe("token_revoked")
  expect(await verdict(verifier, admin)).toBe("admin")
  await time.pass(2_000)
  const later = await agent(url, admin)
  expect(await verdict(verifier, later.access_token)).toBe(later.agent_id)
})

test("a snapshot after a reset brings the cutoffs", async () => {
  const first = await start()
  await using proxy = await startProxy(first.url)
  const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
  for (const task of ["a", "b", "c"]) await revoke(first.url, first.admin, "task", task)
  await time.passUntilSettled(verifier.ready())
  const { signingKey } = first.broker
  await first.broker[Symbol.asyncDispose]()

  const second = await start({ signingKey })
  await using _ = second.broker
  const app = await newApp(second)
  const held = await app.tokenOf("t-1")
  await revoke(second.url, second.admin, "app", app.appId)
  await time.pass(2_000)
  const later = await agent(second.url, second.admin)
  proxy.target = second.url
  await time.passUntil(async () => (await verdict(verifier, held)) === "token_revoked")
  expect(await verdict(verifier, later.access_token)).toBe(later.agent_id)
})
