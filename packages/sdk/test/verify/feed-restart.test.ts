import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { startTestBroker, type TestBrokerOptions } from "@agentwrit/testing/broker"
import { adminToken, agent } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { startProxy } from "@agentwrit/testing/proxy"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"
import { createVerifier } from "../../src/verify/index.ts"
import { behindProxy, cutFeed, FEED, NO_TIMEOUT } from "./feed-proxy.ts"

const time = fakeTimeOfFile()
const start = async (options: TestBrokerOptions = {}) => {
  const broker = await startTestBroker({ clock: time.clock, ...options })
  const stop = () => broker[Symbol.asyncDispose]()
  const { url, signingKey } = broker
  return { url, signingKey, admin: await adminToken(url), stop, [Symbol.asyncDispose]: stop }
}

test("a broker with a new key: the verifier takes the new key and drops the old one", async () => {
  const data = new MemoryData()
  const first = await start({ store: new MemoryStore({ data, clock: time.clock }) })
  await using proxy = await startProxy(first.url)
  const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
  const old = await agent(first.url, first.admin)
  const revoked = await agent(first.url, first.admin)
  await revoke(first.url, first.admin, "agent", revoked.agent_id)
  await expect.poll(() => verdict(verifier, revoked.access_token)).toBe("token_revoked")
  expect(await verdict(verifier, old.access_token)).toBe(old.agent_id)
  await first.stop()
  await using second = await start({ store: new MemoryStore({ data, clock: time.clock }) })
  proxy.target = second.url
  const fresh = await agent(second.url, second.admin)
  await time.passUntil(async () => (await verdict(verifier, fresh.access_token)) === fresh.agent_id)
  for (const { access_token } of [old, revoked])
    expect(await time.passUntilSettled(verdict(verifier, access_token))).toBe("unknown_key")
})

test("a broker with a new database starts its feed again, and the verifier follows", async () => {
  const first = await start()
  await using proxy = await startProxy(first.url)
  const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
  const held = await agent(first.url, first.admin)
  const judgedHeld = () => verdict(verifier, held.access_token)
  await revoke(first.url, first.admin, "agent", held.agent_id)
  await revoke(first.url, first.admin, "task", "another")
  await expect.poll(judgedHeld).toBe("token_revoked")
  await first.stop()
  await using second = await start({ signingKey: first.signingKey })
  proxy.target = second.url
  const fresh = await agent(second.url, second.admin)
  const judged = () => verdict(verifier, fresh.access_token)
  await time.passUntil(async () => (await judged()) === fresh.agent_id)
  // The new database does not contain this revocation, but the verifier knows it.
  expect(await judgedHeld()).toBe("token_revoked")
  await revoke(second.url, second.admin, "agent", fresh.agent_id)
  await expect.poll(judged).toBe("token_revoked")
})

test("a restored older database is noticed, even when its feed has grown beyond the verifier's position", async () => {
  const first = await start()
  await using proxy = await startProxy(first.url)
  const held = await agent(first.url, first.admin)
  const lost = await agent(first.url, first.admin)
  await revoke(first.url, first.admin, "task", "before")
  const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
  const judged = () => verdict(verifier, held.access_token)
  expect(await judged()).toBe(held.agent_id)
  await revoke(first.url, first.admin, "agent", lost.agent_id)
  await revoke(first.url, first.admin, "task", "after")
  await expect.poll(() => verdict(verifier, lost.access_token)).toBe("token_revoked")
  proxy.intercept = cutFeed
  proxy.cut()
  await first.stop()

  // The list begins like the first one. Then come other entries, until it is longer than the first one was.
  await using second = await start({ signingKey: first.signingKey })
  proxy.target = second.url
  await revoke(second.url, second.admin, "task", "before")
  await revoke(second.url, second.admin, "agent", held.agent_id)
  for (const task of ["x", "y", "z"]) await revoke(second.url, second.admin, "task", task)
  proxy.intercept = () => "pass"
  await time.passUntil(async () => (await judged()) === "token_revoked")
  expect(await verdict(verifier, lost.access_token)).toBe("token_revoked")
})

test.each([
  ["a stream is open", undefined],
  ["the feed does not answer", FEED],
  ["nothing answers", ""],
])("close ends the verifier although the caller's fetch ignores its signal, while %s", async (_, silent) => {
  await using broker = await start()
  await using proxy = await startProxy(broker.url)
  const deaf = (input: string, { signal: _ignored, ...init }: RequestInit) => fetch(input, init)
  proxy.intercept = ({ url }) => (silent !== undefined && url?.startsWith(silent) ? "taken" : "pass")
  const verifier = createVerifier({ brokerUrl: proxy.url, fetch: deaf, ...NO_TIMEOUT })
  await expect.poll(() => proxy.seen.length).toBeGreaterThan(1)
  if (silent === undefined) await verifier.ready()
  await verifier.close()
})

test("a closed verifier accepts nothing and connects to nothing", async () => {
  await using broker = await start()
  await using proxy = await startProxy(broker.url)
  const { verifier, judged } = await behindProxy({ time, proxy, admin: broker.admin })
  await verifier.close()
  await verifier.close()
  expect(await judged()).toBe("verifier_closed")
  await expect(verifier.ready()).rejects.toMatchObject({ code: "verifier_closed" })
  const { length } = proxy.seen
  proxy.cut()
  await time.pass(120_000)
  expect(proxy.seen).toHaveLength(length)
})
