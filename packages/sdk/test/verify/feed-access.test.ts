import { startTestBroker } from "@agentwrit/testing/broker"
import { adminToken, agent, call } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { startProxy } from "@agentwrit/testing/proxy"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"
import { createVerifier } from "../../src/verify/index.ts"
import { FEED, NO_TIMEOUT } from "./feed-proxy.ts"

const time = fakeTimeOfFile()

async function closedBroker() {
  const settings = { adminTokenTtl: 86_400, defaultTtl: 86_400 }
  const broker = await startTestBroker({ clock: time.clock, settings, app: { feedAccess: "verifier" } })
  const admin = await adminToken(broker.url)
  const register = async (role: string) => {
    const json = { name: `${role}-app`, scopes: ["read:data:*"], roles: [role], token_ttl: 60 }
    const { body } = await call(broker.url, "POST /v1/admin/apps", { bearer: admin, json })
    return { clientId: body.client_id as string, clientSecret: body.client_secret as string }
  }
  return { broker, url: broker.url, admin, register }
}

test("a verifier signs in to a closed feed, and follows it beyond the life of its token", async () => {
  const { broker, url, admin, register } = await closedBroker()
  await using _ = broker
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, ...(await register("verifier")), ...NO_TIMEOUT })
  const held = await agent(url, admin)
  const judged = () => verdict(verifier, held.access_token)
  await time.passUntil(async () => (await judged()) === held.agent_id)
  const signIns = () => proxy.seen.filter((line) => line.includes("/v1/app/auth")).length
  const streams = () => proxy.seen.filter((line) => line.includes(FEED)).length
  expect(signIns()).toBe(1)
  const before = streams()
  await time.passUntil(() => signIns() === 2)
  await time.passUntil(() => streams() > before)
  await revoke(url, admin, "agent", held.agent_id)
  await time.passUntil(async () => (await judged()) === "token_revoked")
})

test("a verifier that may not read the feed says so, and accepts nothing", async () => {
  const { broker, url, admin, register } = await closedBroker()
  await using _ = broker
  const held = await agent(url, admin)
  const { clientId } = await register("verifier")
  for (const options of [{}, await register("launcher"), { clientId, clientSecret: "0".repeat(64) }]) {
    const verifier = testVerifier({ brokerUrl: url, ...options, ...NO_TIMEOUT })
    await time.passUntil(async () => (await verdict(verifier, held.access_token)) === "feed_refused")
    const error: unknown = await verifier.verify(held.access_token).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: "feed_refused", status: 503 })
    expect(String(error)).toMatch(/give the verifier clientId and clientSecret of an app of role verifier/)
  }
})

test.each([{ clientId: "x" }, { clientSecret: "x" }, { clientId: "", clientSecret: "" }])(
  "incomplete credentials are refused: %j",
  (credentials) => {
    expect(() => createVerifier({ brokerUrl: "http://127.0.0.1:1", ...credentials })).toThrow(TypeError)
  },
)
