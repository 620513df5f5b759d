import { createRequire } from "node:module"
import type BetterSqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, type Setup, signIn } from "./in-process.ts"

type App = Parameters<typeof ask>[0]
type Json = Record<string, unknown>

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())

/** A broker with an app of the operator's, and what these tests ask of them. */
async function delegating(setup: Setup = {}) {
  const folder = await brokerFolder()
  const broker = await folder.open(setup)
  const { app } = broker
  const admin = await signIn(app)
  const json = { name: "crm", scopes: ["read:data:*"] }
  const registered = (await ask(app, "POST /v1/admin/apps", { bearer: admin, json })).body
  const { client_id, client_secret } = registered
  const appToken = (await ask(app, "POST /v1/app/auth", { json: { client_id, client_secret } })).body.access_token
  const policy = { agent_name: "worker", allowed_scope: ["read:data:*"], single_use: false, ttl: 600, max_ttl: 600 }
  const ofApp = (await ask(app, "POST /v1/app/launch-tokens", { bearer: appToken, json: policy })).body.launch_token
  const ofOperator = await launchToken(app, admin, policy)
  const revoke = (level: string, target: string) =>
    ask(app, "POST /v1/revoke", { bearer: admin, json: { level, target } })
  return {
    ...{ folder, broker, app, admin, revoke, appId: String(registered.app_id) },
    agent: (changes: Json = {}) => agent(app, ofOperator, changes),
    appAgent: (changes: Json = {}) => agent(app, ofApp, changes),
    updateApp: (change: Json) => ask(app, `PUT /v1/admin/apps/${registered.app_id}`, { bearer: admin, json: change }),
    delegate: (bearer: string, to: string, changes: Json = {}) =>
      ask(app, "POST /v1/delegate", { bearer, json: { delegate_to: to, scope: ["read:data:7"], ...changes } }),
    trail: async (): Promise<Record<string, string>[]> =>
      (await ask(app, "GET /v1/audit/events?limit=1000", { bearer: admin })).body.events,
    async [Symbol.asyncDispose]() {
      await broker[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function agent(app: App, launch: string, changes: Json) {
  const json = await registration(app, launch, changes)
  return (await ask(app, "POST /v1/register", { json })).body as { agent_id: string; access_token: string }
}

test("a delegated token says what was handed on, by whom and when, and the trail says so too", async () => {
  await using on = await delegating()
  const start = on.folder.clock.now()
  const scope = ["read:data:7", "read:data:8"]
  const [one, other] = [await on.agent({ requested_scope: scope }), await on.agent({ task_id: "t-43" })]
  on.folder.clock.set(start + 1500)
  const { status, body } = await on.delegate(one.access_token, other.agent_id, { ttl: 45 })
  expect([status, body.expires_in]).toEqual([200, 45])
  const { jti, chain_hash, ...claims } = claimsOf(body.access_token)
  expect(claims).toMatchObject({ sub: other.agent_id, kind: "agent", scope: ["read:data:7"], task_id: "t-42" })
  expect(claims).toMatchObject({ orch_id: "crm", iat: start / 1000 + 1, exp: start / 1000 + 46 })
  expect(body.delegation_chain).toEqual(claims.delegation_chain)
  expect(body.delegation_chain).toMatchObject([
    { agent: one.agent_id, scope, delegated_at: new Date(start + 1500).toISOString() },
  ])
  expect((await on.trail()).at(-1)).toMatchObject({
    ...{ event_type: "delegation_created", outcome: "success", agent_id: one.agent_id, task_id: "t-42" },
    detail: `token ${jti} delegated to ${other.agent_id}: scope read:data:7, ttl 45 s`,
    ...{ resource: "/v1/delegate", deleg_depth: 1, deleg_chain_hash: chain_hash },
  })
  // What was kept of it: a revocation matters for as long as it lives.
  await on.revoke("token", jti)
  expect(claimsOf((await ask(on.app, "GET /v1/revocations")).text).entries).toMatchObject([{ exp: claims.exp }])
})

test.each([
  [{}, 9999, 600],
  [{ maxTtl: 100 }, 9999, 100],
  [{ maxTtl: 0 }, 9999, 600],
])("under %o a token asked for %i s is granted %i s", async (settings, ttl, granted) => {
  await using on = await delegating({ settings })
  const [one, other] = [await on.agent(), await on.agent()]
  expect((await on.delegate(one.access_token, other.agent_id, { ttl })).body.expires_in).toBe(granted)
})

test("five delegations are the most, and each is held against all the ceilings above it", async () => {
  await using on = await delegating()
  const agents = [await on.appAgent()]
  let token = agents[0]?.access_token ?? ""
  for (let depth = 1; depth <= 5; depth++) {
    const next = await on.agent()
    agents.push(next)
    const made = await on.delegate(token, next.agent_id)
    expect([made.status, made.body.delegation_chain.length]).toEqual([200, depth])
    if (depth === 4) {
      await on.updateApp({ scopes: ["read:data:8"] })
      const last = await on.delegate(made.body.access_token, agents[0]?.agent_id ?? "")
      expect([last.status, last.body.error_code]).toEqual([403, "forbidden"])
      await on.updateApp({ scopes: ["read:data:*"] })
    }
    token = made.body.access_token
  }
  const sixth = await on.delegate(token, agents[0]?.agent_id ?? "")
  expect([sixth.status, sixth.body.error_code]).toEqual([403, "scope_violation"])
  expect(sixth.body.detail).toBe("a chain has at most 5 delegations")
})

test("what came from the operator's agent is held against the ceiling of the app whose agent hands it on", async () => {
  await using on = await delegating()
  const [root, middle, last] = [await on.agent(), await on.appAgent(), await on.agent()]
  const token = (await on.delegate(root.access_token, middle.agent_id)).body.access_token
  expect((await on.delegate(token, last.agent_id)).status).toBe(200)
  await on.updateApp({ scopes: ["read:data:8"] })
  const refused = await on.delegate(token, last.agent_id)
  expect([refused.status, refused.body.error_code]).toEqual([403, "forbidden"])
})

test("each refusal has its answer, and its reason in the trail", async () => {
  await using on = await delegating()
  const { app, appId } = on
  const start = on.folder.clock.now()
  const [one, ours] = [await on.agent(), await on.appAgent()]
  const gone = async (end: (of: { agent_id: string; access_token: string }) => unknown, changes: Json = {}) => {
    const made = await on.agent(changes)
    await end(made)
    return made.agent_id
  }
  const unknown = "spiffe://agentwrit.local/agent/crm/t-42/0123456789abcdef"
  const inactive = [
    await gone(({ agent_id }) => on.revoke("agent", agent_id)),
    await gone(({ access_token }) => on.revoke("token", claimsOf(access_token).jti)),
    await gone(() => on.revoke("task", "t-over"), { task_id: "t-over" }),
    await gone(({ access_token }) => ask(app, "POST /v1/token/release", { bearer: access_token })),
    await gone(() => undefined, { requested_ttl: 10 }),
  ]
  const listed = await on.agent()
  await on.revoke("chain", listed.agent_id)
  const almostOut = await on.agent({ requested_ttl: 11 })
  on.folder.clock.set(start + 10_000)
  const cases: (readonly [string, string, Json, number, string, string, string])[] = [
    [
      one.access_token,
      one.agent_id,
      {},
      400,
      "invalid_request",
      "delegation_created",
      "delegate_to must be another agent than the caller",
    ],
    [
      ...([one.access_token, ours.agent_id, { scope: ["read:data:8"] }, 403, "scope_violation"] as const),
      ...(["delegation_attenuation_violation", "scope read:data:8 not covered by read:data:7"] as const),
    ],
    [
      listed.access_token,
      one.agent_id,
      {},
      403,
      "forbidden",
      "delegation_created",
      "all that this agent delegates is revoked",
    ],
    [one.access_token, unknown, {}, 404, "not_found", "delegation_created", `delegate is unknown: ${unknown}`],
    ...inactive.map(
      (id) =>
        [one.access_token, id, {}, 404, "not_found", "delegation_created", `delegate is not active: ${id}`] as const,
    ),
  ]
  const check = async ([bearer, to, changes, status, code, eventType, detail]: (typeof cases)[number]) => {
    const { status: found, body } = await on.delegate(bearer, to, changes)
    expect([found, body.error_code, detail]).toEqual([status, code, detail])
    expect((await on.trail()).at(-1)).toMatchObject({ event_type: eventType, outcome: "denied", detail })
  }
  for (const each of cases) await check(each)
  expect((await on.delegate(one.access_token, almostOut.agent_id)).status).toBe(200)

  await on.updateApp({ scopes: ["read:data:6", "read:data:8"] })
  const narrowed = await on.delegate(ours.access_token, one.agent_id)
  expect([narrowed.status, narrowed.body.error_code, narrowed.body.detail]).toEqual([
    ...[403, "forbidden", "the scope is beyond the ceiling of the app that launched this agent"],
  ])
  expect(narrowed.body.hint).toBe("missing: read:data:7; nearest allowed: read:data:6")
  expect((await on.trail()).at(-1)?.["detail"]).toBe(
    `scope read:data:7 not covered by the ceiling of ${appId}: read:data:6 read:data:8`,
  )
  await on.updateApp({ scopes: ["read:data:*"] })
  expect((await on.delegate(ours.access_token, one.agent_id)).status).toBe(200)
  await ask(app, `DELETE /v1/admin/apps/${appId}`, { bearer: on.admin })
  const inactiveApp = await on.delegate(ours.access_token, one.agent_id)
  expect([inactiveApp.status, inactiveApp.body.detail]).toEqual([403, "the app that launched this agent is inactive"])
  expect((await on.trail()).at(-1)?.["detail"]).toBe(`${appId} is inactive`)
})

test("a scope too long for a token is refused, and that is in the trail", async () => {
  await using on = await delegating()
  const long = Array.from({ length: 120 }, (_, i) => `read:data:${String(i).padStart(230, "x")}`)
  const [one, other] = [await on.agent({ requested_scope: long }), await on.agent()]
  const { status, body } = await on.delegate(one.access_token, other.agent_id, { scope: long })
  expect([status, body.error_code]).toEqual([400, "invalid_request"])
  expect((await on.trail()).at(-1)).toMatchObject({ event_type: "delegation_created", outcome: "denied" })
})

/** Lets ever more of what has begun go on before what comes next, so that in some rounds it falls in between. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve()
}

test("a delegation that races a change of its app is decided under the app as it then is", async () => {
  await using on = await delegating()
  const [one, other] = [await on.appAgent(), await on.agent()]
  const statuses: number[] = []
  for (let head = 0; head < 40; head++) {
    const update = () => on.updateApp({ scopes: ["read:data:8"] })
    const delegation = () => on.delegate(one.access_token, other.agent_id)
    const isUpdateAhead = head % 2 === 0
    const first = isUpdateAhead ? update() : delegation()
    await turns(head)
    const answers = await Promise.all([first, isUpdateAhead ? delegation() : update()])
    const [updated, delegated] = isUpdateAhead ? answers : ([answers[1], answers[0]] as const)
    expect(updated.status).toBe(200)
    statuses.push(delegated.status)
    const types = (await on.trail()).slice(-3).map(({ event_type, outcome }) => `${event_type} ${outcome}`)
    const changed = ["app_updated success", "scopes_ceiling_updated success"]
    if (delegated.status === 200) expect(types).toEqual(["delegation_created success", ...changed])
    else expect(types).toEqual([...changed, "delegation_created denied"])
    await on.updateApp({ scopes: ["read:data:*"] })
  }
  expect(new Set(statuses)).toEqual(new Set([200, 403]))
  expect(on.broker.bugs).toEqual([])
})

test("a delegation that races another change of its app goes through", async () => {
  await using on = await delegating()
  const [one, other] = [await on.appAgent(), await on.agent()]
  for (let head = 0; head < 40; head++) {
    const update = on.updateApp({ token_ttl: 60 + head })
    await turns(head)
    const answers = await Promise.all([update, on.delegate(one.access_token, other.agent_id)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  }
})

test("a delegation that races the end of its token does not outrun it", async () => {
  await using on = await delegating()
  const other = await on.agent()
  const refused: Json[] = []
  for (let head = 0; head < 40; head++) {
    const one = await on.agent()
    const release = ask(on.app, "POST /v1/token/release", { bearer: one.access_token })
    await turns(head)
    const [, delegated] = await Promise.all([release, on.delegate(one.access_token, other.agent_id)])
    const last = (await on.trail()).slice(-3)
    const types = last.map(({ event_type }) => event_type)
    if (delegated.status === 200) expect(types.slice(-2)).toEqual(["delegation_created", "token_released"])
    else {
      expect([delegated.status, delegated.body.error_code]).toEqual([403, "token_revoked"])
      if (last.at(-1)?.["event_type"] === "delegation_created") {
        expect(types).toEqual(["token_released", "token_revoked_access", "delegation_created"])
        refused.push(last.at(-1) ?? {})
      }
    }
  }
  expect(refused.length).toBeGreaterThan(0)
  for (const event of refused)
    expect(event).toMatchObject({ outcome: "denied", detail: "token was renewed, released or revoked meanwhile" })
  expect(on.broker.bugs).toEqual([])
})

test("a token that runs out while it is handed on hands on nothing", async () => {
  await using on = await delegating()
  const start = on.folder.clock.now()
  const [one, other] = [await on.agent({ requested_ttl: 60 }), await on.agent()]
  const reasons = new Set<string | undefined>()
  for (let head = 0; head < 60; head++) {
    on.folder.clock.set(start + 59_999)
    const delegation = on.delegate(one.access_token, other.agent_id)
    await turns(head)
    on.folder.clock.set(start + 60_000)
    const { status, body } = await delegation
    if (status === 200) expect(body.expires_in).toBe(1)
    else {
      expect([status, body.error_code]).toEqual([401, "unauthorized"])
      const event = (await on.trail()).at(-1)
      expect(event).toMatchObject({ event_type: "token_auth_failed", outcome: "denied", agent_id: one.agent_id })
      reasons.add(event?.["detail"])
    }
  }
  expect(reasons).toContain("token expired meanwhile")
  on.folder.clock.set(start + 59_999)
  expect((await on.delegate(one.access_token, other.agent_id)).body.expires_in).toBe(1)
  expect(on.broker.bugs).toEqual([])
})

test("an agent that the database does not know, as after a restore, hands nothing on", async () => {
  await using on = await delegating()
  const [one, other] = [await on.agent(), await on.agent()]
  const database = new Sqlite(on.folder.database)
  database.prepare("DELETE FROM agents WHERE agent_id = ?").run(one.agent_id)
  database.close()
  const { status, body } = await on.delegate(one.access_token, other.agent_id)
  expect([status, body.error_code]).toEqual([403, "forbidden"])
  expect(body.detail).toBe("an agent of the delegation chain is unknown")
  expect((await on.trail()).at(-1)).toMatchObject({ outcome: "denied", detail: `agent is unknown: ${one.agent_id}` })
})
