import { join } from "node:path"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, launchToken, registration, trail } from "@agentwrit/testing/client"
import { auditProblems, checkpointProblems } from "@agentwrit/testing/independent-audit"
import { createRemoteJWKSet, jwtVerify } from "jose"
import { expect, test } from "vitest"

test("an agent gets its first credential, which ends with its release", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, { AA_ISSUER: "https://broker.example", AA_AUDIENCE: "crm" })
  const { url } = broker

  const signedIn = await call(url, "POST /v1/admin/auth", { json: { secret: folder.environment["AA_ADMIN_SECRET"] } })
  expect(signedIn).toMatchObject({ status: 200, body: { expires_in: 300, token_type: "Bearer" } })
  const admin = signedIn.body.access_token

  const launch = await call(url, "POST /v1/admin/launch-tokens", {
    bearer: admin,
    json: { agent_name: "data-processor", allowed_scope: ["read:data:*", "write:data:*"], max_ttl: 120, ttl: 30 },
  })
  expect(launch.status).toBe(201)
  expect(launch.body).toEqual({
    id: expect.stringMatching(/^lt-[0-9a-f]{16}$/),
    launch_token: expect.stringMatching(/^[0-9a-f]{64}$/),
    expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
    policy: { allowed_scope: ["read:data:*", "write:data:*"], max_ttl: 120 },
  })

  const challenge = await call(url, "GET /v1/challenge")
  expect(challenge.body).toEqual({ nonce: expect.stringMatching(/^[0-9a-f]{64}$/), expires_in: 30, bound: true })

  const json = await registration(url, launch.body.launch_token, { requested_ttl: 9999 })
  const registered = await call(url, "POST /v1/register", { json })
  expect(registered.body).toEqual({
    agent_id: expect.stringMatching(/^spiffe:\/\/agentwrit\.local\/agent\/crm\/t-42\/[0-9a-f]{16}$/),
    access_token: expect.any(String),
    expires_in: 120,
  })
  const { agent_id, access_token } = registered.body

  // A resource server without our code verifies with its own library.
  const keys = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
  const { payload, protectedHeader } = await jwtVerify(access_token, keys, {
    issuer: "https://broker.example",
    audience: "crm",
  })
  expect(Object.keys(protectedHeader)).toEqual(["alg", "typ", "kid"])
  expect(payload).toMatchObject({
    sub: agent_id,
    kind: "agent",
    scope: ["read:data:7"],
    task_id: "t-42",
    orch_id: "crm",
  })
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(120)

  const validated = await call(url, "POST /v1/token/validate", { json: { token: access_token } })
  expect(validated).toMatchObject({ status: 200, body: { valid: true, claims: payload } })

  const renewed = await call(url, "POST /v1/token/renew", { bearer: access_token })
  expect(renewed).toMatchObject({ status: 200, body: { expires_in: 120 } })
  expect(await call(url, "POST /v1/token/renew", { bearer: access_token })).toMatchObject({
    status: 403,
    body: { error_code: "token_revoked", detail: "token has been revoked" },
  })

  const released = await call(url, "POST /v1/token/release", { bearer: renewed.body.access_token })
  expect([released.status, released.text]).toEqual([204, ""])
  const again = await call(url, "POST /v1/token/release", { bearer: renewed.body.access_token })
  expect(again).toMatchObject({ status: 403, body: { error_code: "token_revoked" } })
  const after = await call(url, "POST /v1/token/validate", { json: { token: renewed.body.access_token } })
  expect(after).toMatchObject({ status: 200, body: { valid: false, error: "token is invalid or expired" } })

  const events = await trail(url, admin)
  expect(auditProblems(events)).toEqual([])
  const types = events.map(({ event_type }) => event_type)
  expect(types.slice(0, 6)).toEqual([
    ...["admin_auth", "launch_token_issued", "agent_registered", "token_issued", "token_renewed"],
    "token_revoked_access",
  ])
  expect(types).toEqual(expect.arrayContaining(["token_renewal_failed", "token_released"]))
  const checkpoint = await call(url, "GET /v1/audit/checkpoint", { bearer: admin })
  expect(checkpoint.headers.get("content-type")).toMatch(/^text\/plain/)
  expect(checkpointProblems(checkpoint.text, events, join(folder.path, "audit.pub"))).toEqual([])
  expect(await call(url, "GET /v1/health")).toMatchObject({
    status: 200,
    body: { status: "ok", version: "2.0.0", db_connected: true, audit_events_count: events.length, audit_chain: "ok" },
  })
})

test("the audit check of these tests detects changes", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  const admin = await adminToken(broker.url)
  await agent(broker.url, admin)
  const events = await trail(broker.url, admin)
  const { text } = await call(broker.url, "GET /v1/audit/checkpoint", { bearer: admin })
  const pinned = join(folder.path, "audit.pub")
  expect([auditProblems(events), checkpointProblems(text, events, pinned)]).toEqual([[], []])
  const edited = events.map((event, at) => (at === 1 ? { ...event, detail: "edited" } : event))
  expect(auditProblems(edited)).not.toEqual([])
  expect(auditProblems([...events].reverse())).not.toEqual([])
  expect(checkpointProblems(text, edited, pinned)).toContain("root does not match")
  expect(checkpointProblems(text, events.slice(1), pinned)).not.toEqual([])
  expect(checkpointProblems(text.replace("agentwrit.local", "elsewhere.local"), events, pinned)).toContain(
    "signature is false",
  )
})

test("a launch token for many uses registers many agents; a bound one registers only its ids", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  const { url } = broker
  const admin = await adminToken(url)
  const many = await launchToken(url, admin, { single_use: false, orch_id: "crm", task_id: "t-42" })
  for (let use = 0; use < 3; use++) {
    const json = await registration(url, many)
    expect((await call(url, "POST /v1/register", { json })).status).toBe(200)
  }
  for (const other of [{ task_id: "t-43" }, { orch_id: "erp" }]) {
    const refused = await call(url, "POST /v1/register", { json: await registration(url, many, other) })
    expect(refused).toMatchObject({ status: 403, body: { error_code: "scope_violation" } })
  }
})
