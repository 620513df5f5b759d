import { createSigningKey } from "@agentwrit/core"
import { type SharedTestBroker, shareTestBroker } from "@agentwrit/testing/broker"
import { call, launchToken, trail } from "@agentwrit/testing/client"
import { sdkApp } from "@agentwrit/testing/sdk-app"
import { expect, test, vi } from "vitest"
import {
  type Agent,
  acceptDelegation,
  agentKeyOf,
  BrokerError,
  CredentialError,
  registerAgent,
} from "../../src/index.ts"

const TASK = { orchId: "crm", taskId: "t-42", scope: ["read:data:customer-7291"] }

let shared: SharedTestBroker
shareTestBroker((broker) => {
  shared = broker
})

/** The broker's validation of a token. */
async function claimsOf(token: string) {
  const { body } = await call(shared.url, "POST /v1/token/validate", { json: { token } })
  return body.valid === true ? body.claims : undefined
}

const lifeOf = ({ exp, iat }: { exp: number; iat: number }) => exp - iat

test("an app creates an agent by a single-use launch token bound to its orchestration and task; the block releases it", async () => {
  const app = await sdkApp(shared)
  let token: string
  {
    const before = Date.now()
    await using agent = await app.createAgent(TASK)
    token = await agent.token()
    expect(await claimsOf(token)).toMatchObject({
      sub: agent.id,
      orch_id: "crm",
      task_id: "t-42",
      scope: TASK.scope,
      kind: "agent",
    })
    expect(agent).toMatchObject(TASK)
    const issuedAt = agent.expiresAt.getTime() - 300_000
    // The broker issues in whole seconds.
    expect(issuedAt).toBeGreaterThan(before - 1000)
    expect(issuedAt).toBeLessThanOrEqual(Date.now())
  }
  expect(await claimsOf(token)).toBeUndefined()
  const issued = (await trail(shared.url, shared.admin)).findLast(
    ({ event_type: type }) => type === "launch_token_issued",
  )
  expect(issued).toMatchObject({ orch_id: "crm", task_id: "t-42" })
  expect(issued?.["detail"]).toContain("crm/t-42")
})

test("an app lists its launch tokens, and voids one", async () => {
  const app = await sdkApp(shared)
  const launchToken = await app.createLaunchToken({ ...TASK, agentName: "voided", ttl: 100 })
  const { launchTokens, total } = await app.listLaunchTokens()
  expect(launchTokens).toEqual([expect.objectContaining({ agentName: "voided", singleUse: true, uses: 0 })])
  expect(total).toBe(1)
  const { id = "" } = launchTokens[0] ?? {}
  await app.revokeLaunchToken(id)
  expect(await app.listLaunchTokens()).toEqual({ launchTokens: [], total: 0 })
  await expect(app.revokeLaunchToken(id)).rejects.toMatchObject({ code: "not_found" })
  await expect(app.revokeLaunchToken("..")).rejects.toMatchObject({ code: "invalid_request" })
  await expect(registerAgent({ brokerUrl: shared.url, launchToken, ...TASK })).rejects.toBeInstanceOf(BrokerError)
})

test("an app's launch token registers its own task only, and only once", async () => {
  const app = await sdkApp(shared)
  const given = await app.createLaunchToken({ ...TASK, maxTtl: 60, ttl: 100, agentName: "worker" })
  const other = registerAgent({ brokerUrl: shared.url, launchToken: given, ...TASK, taskId: "t-43" })
  const detail = "the launch token is bound to another taskId"
  await expect(other).rejects.toMatchObject({ name: "BrokerError", code: "scope_violation", status: 403, detail })
  await using agent = await registerAgent({ brokerUrl: shared.url, launchToken: given, ...TASK })
  expect(lifeOf(await claimsOf(await agent.token()))).toBe(60)
  const again = registerAgent({ brokerUrl: shared.url, launchToken: given, ...TASK })
  await expect(again).rejects.toMatchObject({ code: "unauthorized", status: 401, requestId: expect.any(String) })
})

test("a process with only a launch token registers; ttl and maxTtl set the lifetime of tokens", async () => {
  const given = await launchToken(shared.url, shared.admin, { max_ttl: 120 })
  await using agent = await registerAgent({ brokerUrl: shared.url, launchToken: given, ...TASK, ttl: 90 })
  expect(lifeOf(await claimsOf(await agent.token()))).toBe(90)
  const app = await sdkApp(shared)
  await using short = await app.createAgent({ ...TASK, ttl: 30 })
  await using capped = await app.createAgent({ ...TASK, ttl: 90, maxTtl: 40 })
  await using longest = await app.createAgent({ ...TASK, maxTtl: 50 })
  const lives = [short, capped, longest].map(async (agent) => lifeOf(await claimsOf(await agent.token())))
  expect(await Promise.all(lives)).toEqual([30, 40, 50])
})

test("keys may be core's, a WebCrypto pair or any signer; the broker refuses a wrong one", async () => {
  const app = await sdkApp(shared)
  const core = createSigningKey(crypto.getRandomValues(new Uint8Array(32)))
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])
  if (!("privateKey" in pair)) throw new Error("no pair")
  for (const key of [core, await agentKeyOf(pair)]) {
    await using agent = await app.createAgent({ ...TASK, key })
    expect(await claimsOf(await agent.token())).toBeDefined()
  }
  const liar = { publicKey: core.publicKey, sign: () => new Uint8Array(64) }
  await expect(app.createAgent({ ...TASK, key: liar })).rejects.toMatchObject({ code: "unauthorized" })
})

test("a generated key cannot be exported; the given scope is copied and frozen", async () => {
  const made = vi.spyOn(crypto.subtle, "generateKey")
  const app = await sdkApp(shared)
  const scope = [...TASK.scope]
  await using agent = await app.createAgent({ ...TASK, scope })
  const pair = await made.mock.results[0]?.value
  made.mockRestore()
  await expect(crypto.subtle.exportKey("pkcs8", pair.privateKey)).rejects.toThrow(/extractable/)
  scope.push("write:data:7")
  expect([agent.scope, Object.isFrozen(agent.scope)]).toEqual([TASK.scope, true])
})

test("a refusal is a BrokerError that says what to do; a malformed request is not sent", async () => {
  const app = await sdkApp(shared)
  const beyond = await app.createAgent({ ...TASK, scope: ["write:data:1"] }).catch((error: unknown) => error)
  expect(beyond).toBeInstanceOf(BrokerError)
  expect(beyond).toMatchObject({ code: "forbidden", status: 403, detail: expect.stringContaining("write:data:1") })
  expect(beyond).toMatchObject({ hint: expect.any(String), message: expect.stringContaining("request ") })
  const invalid = { name: "InvalidRequestError", code: "invalid_request" }
  await expect(app.createAgent({ ...TASK, orchId: "a/b" })).rejects.toMatchObject(invalid)
  await expect(app.createAgent({ ...TASK, scope: [] })).rejects.toMatchObject(invalid)
  await expect(app.createAgent({ ...TASK, ttl: 0 })).rejects.toMatchObject({ code: "invalid_ttl" })
})

test("long orchestration and task ids give a label that the broker accepts", async () => {
  const app = await sdkApp(shared)
  await using agent = await app.createAgent({ ...TASK, orchId: "o".repeat(300), taskId: "t".repeat(300) })
  expect(agent.orchId).toHaveLength(300)
})

test("a release happens once and is final", async () => {
  const app = await sdkApp(shared)
  const agent = await app.createAgent(TASK)
  const token = await agent.token()
  await Promise.all([agent.release(), agent.release()])
  await agent.release()
  expect(await claimsOf(token)).toBeUndefined()
  const releases = (await trail(shared.url, shared.admin)).filter(
    (event) => event["agent_id"] === agent.id && event["resource"] === "/v1/token/release",
  )
  expect(releases.map(({ event_type: type }) => type)).toEqual(["token_released"])
  for (const use of [
    agent.token(),
    agent.renew(),
    agent.fetch("https://api.example", { allowedOrigins: "any" }),
    delegateTo(agent, agent.id),
  ])
    await expect(use).rejects.toMatchObject({ name: "CredentialError", code: "credential_released" })
})

test("releasing a revoked token succeeds", async () => {
  const app = await sdkApp(shared)
  const agent = await app.createAgent(TASK)
  await call(shared.url, "POST /v1/revoke", { bearer: shared.admin, json: { level: "agent", target: agent.id } })
  await agent.release()
})

test("a release leaves what was delegated alone, and with cascade ends it too", async () => {
  const app = await sdkApp(shared)
  const other = await app.createAgent({ ...TASK, scope: ["read:data:*"] })
  for (const cascade of [false, true]) {
    const agent = await app.createAgent({ ...TASK, scope: ["read:data:*"] })
    const delegated = await agent.delegate({ to: other.id, scope: ["read:data:7"] })
    const token = await delegated.token()
    await agent.release({ cascade })
    expect((await claimsOf(token)) === undefined).toBe(cascade)
  }
})

test("a delegated token is narrower, has its chain, cannot be renewed, and can be delegated again and sent to another process", async () => {
  const app = await sdkApp(shared)
  await using first = await app.createAgent({ ...TASK, scope: ["read:data:*"] })
  await using second = await app.createAgent(TASK)
  await using third = await app.createAgent(TASK)
  const delegated = await first.delegate({ to: second.id, scope: ["read:data:7"], ttl: 30 })
  const claims = await claimsOf(await delegated.token())
  expect(claims).toMatchObject({ sub: second.id, scope: ["read:data:7"], delegation_chain: [{ agent: first.id }] })
  expect(lifeOf(claims)).toBe(30)
  expect(delegated).toMatchObject({ id: second.id, orchId: "crm", taskId: "t-42", scope: ["read:data:7"] })
  expect(delegated.chain).toEqual(claims.delegation_chain)
  await expect(delegated.renew()).rejects.toMatchObject({
    code: "not_renewable",
    hint: expect.stringContaining("delegator"),
  })

  const token = await delegated.token()
  vi.useFakeTimers({ toFake: ["Date", "performance"] })
  expect(acceptDelegation({ agent: second, token }).expiresAt.getTime()).toBe(claims.exp * 1000)
  vi.useRealTimers()
  const accepted = acceptDelegation({ agent: second, token })
  expect({ ...accepted }).toEqual({ ...delegated })
  const further = await accepted.delegate({ to: third.id, scope: ["read:data:7"] })
  expect(further.chain.map(({ agent }) => agent)).toEqual([first.id, second.id])
  await accepted.release()
  expect(await claimsOf(await delegated.token())).toBeUndefined()
  expect(await claimsOf(await further.token())).toBeDefined()
})

test("a wider delegation and one to an inactive agent are refused", async () => {
  const app = await sdkApp(shared)
  await using agent = await app.createAgent(TASK)
  await using other = await app.createAgent(TASK)
  await expect(agent.delegate({ to: other.id, scope: ["read:data:*"] })).rejects.toMatchObject({
    code: "scope_violation",
  })
  const detail = "to must be another agent than the caller"
  await expect(delegateTo(agent, agent.id)).rejects.toMatchObject({ code: "invalid_request", detail })
  await other.release()
  const inactive = { code: "not_found", status: 404, detail: "to is not an active agent" }
  await expect(delegateTo(agent, other.id)).rejects.toMatchObject(inactive)
})

test("an agent's own token and an invalid token are not accepted as a delegated one", async () => {
  const app = await sdkApp(shared)
  await using agent = await app.createAgent(TASK)
  for (const token of [await agent.token(), "", "a.b.c", `a.${btoa("[]")}.c`, "a\r\nb: c", undefined as never]) {
    expect(() => acceptDelegation({ brokerUrl: shared.url, token })).toThrow(CredentialError)
  }
})

function delegateTo(agent: Agent, to: string) {
  return agent.delegate({ to, scope: TASK.scope })
}
