import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { startProxy } from "@agentwrit/testing/proxy"
import { delegationChain, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"
import type { Verifier } from "../../src/verify/index.ts"
import { NO_TIMEOUT } from "./feed-proxy.ts"

const time = fakeTimeOfFile()
let url: string
let admin: string
shareTestBroker(
  (shared) => {
    ;({ url, admin } = shared)
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

const settled = (verifier: Verifier, token: string) => time.passUntilSettled(verdict(verifier, token))
const rotate = async (json: object = { signs_in: 0, force: true }) =>
  (await call(url, "POST /v1/admin/keys/rotate", { bearer: admin, json })).body.kid
const currentKey = async (): Promise<string> => (await call(url, "GET /.well-known/jwks.json")).body.keys[0].kid

test("ten rotations refuse no good token, and each unknown key costs one fetch for all its tokens", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
  await time.passUntilSettled(verifier.ready())
  const tokens: (readonly [token: string, subject: string])[] = []
  const chain = await delegationChain(url, admin, 1)
  for (let rotation = 0; rotation < 10; rotation++) {
    await rotate()
    const fresh = await Promise.all(Array.from({ length: 5 }, () => agent(url, admin)))
    tokens.push(...fresh.map(({ access_token, agent_id }) => [access_token, agent_id] as const))
    const before = proxy.seen.filter((line) => line.endsWith("jwks.json")).length
    const verdicts = fresh.map(({ access_token }) => verdict(verifier, access_token))
    expect(await time.passUntilSettled(Promise.all(verdicts))).toEqual(fresh.map(({ agent_id }) => agent_id))
    expect(proxy.seen.filter((line) => line.endsWith("jwks.json")).length).toBeLessThanOrEqual(before + 2)
  }
  for (const [token, subject] of tokens) expect(await settled(verifier, token)).toBe(subject)
  expect(await settled(verifier, chain.tokens[1] ?? "")).toBe(chain.agents[1])
})

test("a key that is published before it signs is known before its first token comes", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, ...NO_TIMEOUT })
  await time.passUntilSettled(verifier.ready())
  const kid = await rotate({ signs_in: 300 })
  await time.pass(60_000)
  await time.passUntil(async () => {
    await time.pass(1_000)
    return (await currentKey()) === kid
  })
  const { access_token, agent_id } = await agent(url, admin)
  expect(await verdict(verifier, access_token)).toBe(agent_id)
})

test("a retired key is dropped as soon as the feed says so, with the chains that it signed", async () => {
  const verifier = testVerifier({ brokerUrl: url, ...NO_TIMEOUT })
  await time.passUntilSettled(verifier.ready())
  const kid = await currentKey()
  const chain = await delegationChain(url, admin, 1)
  await rotate()
  const later = await agent(url, admin)
  const json = { delegate_to: later.agent_id, scope: ["read:data:7"] }
  const { access_token } = (await call(url, "POST /v1/delegate", { bearer: chain.tokens[1] ?? "", json })).body
  const old = chain.own[0] ?? ""
  for (const token of [old, access_token, later.access_token]) expect(await settled(verifier, token)).toMatch(/^spiffe/)
  // The operator's own token was signed before too.
  const secret = await call(url, `DELETE /v1/admin/keys/${kid}`, { bearer: admin })
  expect(secret.status).toBe(200)
  await time.passUntil(async () => (await verdict(verifier, old)) === "unknown_key")
  expect(await verdict(verifier, access_token)).toBe("unknown_key")
  expect(await verdict(verifier, later.access_token)).toBe(later.agent_id)
})
