import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { startProxy } from "@agentwrit/testing/proxy"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"

const time = fakeTimeOfFile()
let url: string
let admin: string
shareTestBroker(
  (shared) => {
    ;({ url, admin } = shared)
  },
  { clock: time.clock, settings: { adminTokenTtl: 86_400 } },
)

const VALIDATE = "POST /v1/token/validate"

test("introspect asks the broker at each use, but only about tokens that pass the local checks", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, revocation: "introspect" })
  const { access_token, agent_id } = await agent(url, admin)
  const asked = () => proxy.seen.filter((line) => line === VALIDATE).length
  expect(await verdict(verifier, access_token)).toBe(agent_id)
  expect(await verdict(verifier, access_token)).toBe(agent_id)
  expect(asked()).toBe(2)
  expect(await verdict(verifier, `${access_token}=`)).toBe("malformed_token")
  expect(await verdict(verifier, access_token.replace(/.{4}$/, "AAAA"))).toBe("bad_signature")
  expect(asked()).toBe(2)
  await revoke(url, admin, "agent", agent_id)
  expect(await verdict(verifier, access_token)).toBe("token_refused")
})

test("introspect caches a positive answer for the configured time", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, revocation: "introspect", maxStalenessMs: 1_000 })
  const { access_token, agent_id } = await agent(url, admin)
  expect(await verdict(verifier, access_token)).toBe(agent_id)
  await revoke(url, admin, "agent", agent_id)
  await time.pass(999)
  expect(await verdict(verifier, access_token)).toBe(agent_id)
  expect(proxy.seen.filter((line) => line === VALIDATE)).toHaveLength(1)
  await time.pass(1)
  expect(await verdict(verifier, access_token)).toBe("token_refused")
})

test("introspect accepts nothing without an answer of the broker", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, revocation: "introspect", retries: 0 })
  const { access_token, agent_id } = await agent(url, admin)
  const other = await agent(url, admin)
  expect(await verdict(verifier, access_token)).toBe(agent_id)
  const { text: body } = await call(url, VALIDATE, { json: { token: other.access_token } })
  const rows: [name: string, status: number, body: string | undefined, code: string][] = [
    ["HTML", 200, "<html>", "introspection_unavailable"],
    ["a failure", 500, "", "introspection_unavailable"],
    ["an incomplete answer", 200, '{"valid":true}', "introspection_unavailable"],
    ["an answer about another token", 200, body, "token_refused"],
    ["a timeout", 0, undefined, "introspection_unavailable"],
  ]
  for (const [name, status, text, code] of rows) {
    proxy.intercept = (incoming, answer) => {
      if (`${incoming.method} ${incoming.url}` !== VALIDATE) return "pass"
      if (text !== undefined) answer.writeHead(status, { "content-type": "application/json" }).end(text)
      return "taken"
    }
    const judged = await time.passUntilSettled(verdict(verifier, access_token))
    expect([name, judged]).toEqual([name, code])
  }
})

test("none accepts a revoked token until it expires", async () => {
  await using proxy = await startProxy(url)
  const verifier = testVerifier({ brokerUrl: proxy.url, revocation: "none" })
  const { access_token, agent_id } = await agent(url, admin)
  await revoke(url, admin, "agent", agent_id)
  expect(await verdict(verifier, access_token)).toBe(agent_id)
  expect(proxy.seen).toEqual(["GET /.well-known/jwks.json"])
})
