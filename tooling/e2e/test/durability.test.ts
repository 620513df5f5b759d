import { existsSync } from "node:fs"
import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { brokerFolder, runBroker, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, launchToken, registration, trail } from "@agentwrit/testing/client"
import { feedVerifier } from "@agentwrit/testing/feed"
import { auditProblems, checkpointProblems } from "@agentwrit/testing/independent-audit"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { revoke } from "@agentwrit/testing/verifying"
import { expect, test } from "vitest"

test("everything that was answered with 200 survives kill -9, and the chain verifies", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  const { url } = broker
  const admin = await adminToken(url)
  const token = await launchToken(url, admin)
  const reusable = await launchToken(url, admin, { single_use: false })
  const spent = await registration(url, token)
  const registered = (await call(url, "POST /v1/register", { json: spent })).body
  const old = (await agent(url, admin)).access_token
  await call(url, "POST /v1/token/renew", { bearer: old })
  const released = (await agent(url, admin)).access_token
  await call(url, "POST /v1/token/release", { bearer: released })
  const revoked = await agent(url, admin)
  await revoke(url, admin, "agent", revoked.agent_id)
  const app = await registerApp(url, admin)
  await call(url, `DELETE /v1/admin/apps/${app.appId}`, { bearer: admin })
  const verified = await feedVerifier(url)
  const { head } = verified((await call(url, "GET /v1/revocations")).text)
  await broker.end("SIGKILL")

  await using again = await startBroker(folder)
  const events = await trail(again.url, await adminToken(again.url))
  expect(auditProblems(events)).toEqual([])
  expect(events.filter(({ agent_id }) => agent_id === registered.agent_id).map(({ event_type }) => event_type)).toEqual(
    ["agent_registered", "token_issued"],
  )
  const valid = async (token: string) =>
    (await call(again.url, "POST /v1/token/validate", { json: { token } })).body.valid
  expect(await Promise.all([registered.access_token, old, released, revoked.access_token].map(valid))).toEqual([
    true,
    false,
    false,
    false,
  ])
  const page = verified((await call(again.url, `GET /v1/revocations?since=${head}`)).text)
  expect(page).toMatchObject({ from: head, to: head, reset: false })
  const { clientId: client_id, clientSecret: client_secret } = app
  expect((await call(again.url, "POST /v1/app/auth", { json: { client_id, client_secret } })).status).toBe(401)
  // One new agent, and the renewed one.
  expect((await call(again.url, "GET /v1/metrics")).text).toContain("\nagentwrit_active_agents 2\n")
  expect((await call(again.url, "POST /v1/token/renew", { bearer: registered.access_token })).status).toBe(200)
  const respent = await registration(again.url, token)
  expect((await call(again.url, "POST /v1/register", { json: respent })).status).toBe(401)
  const replayed = { ...spent, launch_token: reusable }
  expect((await call(again.url, "POST /v1/register", { json: replayed })).status).toBe(401)
})

test("a checkpoint from before a restart is valid after it", async () => {
  await using folder = await brokerFolder()
  const pinned = join(folder.path, "audit.pub")
  const first = await startBroker(folder)
  const admin = await adminToken(first.url)
  await agent(first.url, admin)
  const { text: kept } = await call(first.url, "GET /v1/audit/checkpoint", { bearer: admin })
  await first.end("SIGKILL")
  await using second = await startBroker(folder)
  const again = await adminToken(second.url)
  const events = await trail(second.url, again)
  expect(checkpointProblems(kept, events, pinned)).toEqual([])
  const { text: newer } = await call(second.url, "GET /v1/audit/checkpoint", { bearer: again })
  expect(checkpointProblems(newer, events, pinned)).toEqual([])
  expect(Number(newer.split("\n")[1])).toBe(events.length)
})

test("a corrupt or missing audit key stops the start, and is not replaced", async () => {
  await using folder = await brokerFolder()
  const broker = await startBroker(folder)
  await agent(broker.url, await adminToken(broker.url))
  expect(await broker.end("SIGTERM")).toMatchObject({ code: 0 })
  const key = join(folder.path, "audit.key")
  await writeFile(key, "no key")
  expect(await runBroker(folder.environment)).toMatchObject({ code: 1, stderr: expect.stringContaining("audit.key") })
  expect(await readFile(key, "utf8")).toBe("no key")
  await rm(key)
  expect(await runBroker(folder.environment)).toMatchObject({ code: 1, stderr: expect.stringContaining("audit.key") })
  expect(existsSync(key)).toBe(false)
})

test("a second broker on the same database is refused", async () => {
  await using folder = await brokerFolder()
  await using _first = await startBroker(folder)
  const { code, stderr } = await runBroker(folder.environment)
  expect([code, stderr]).toEqual([1, expect.stringMatching(/in use by another broker/)])
})

test("a clean stop writes the counted denials of a flood", async () => {
  await using folder = await brokerFolder()
  const first = await startBroker(folder)
  const json = { token: "garbage" }
  const headers = { "x-forwarded-for": "203.0.113.1" }
  await Promise.all(Array.from({ length: 200 }, () => call(first.url, "POST /v1/token/validate", { json, headers })))
  expect(await first.end("SIGTERM")).toMatchObject({ code: 0 })
  await using second = await startBroker(folder)
  const denials = (await trail(second.url, await adminToken(second.url))).filter(
    ({ event_type }) => event_type === "token_auth_failed",
  )
  const counts = denials.map(({ detail }) => Number(/ count=(\d+)$/.exec(String(detail))?.[1] ?? 1))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(200)
})
