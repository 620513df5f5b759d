import { agent, call, registration, trail } from "@agentwrit/testing/client"
import { describe, expect, test } from "vitest"
import { shareWireBroker, type WireBroker } from "./wire-broker.ts"

let broker: WireBroker
let url: string
let admin: string

shareWireBroker((shared) => {
  ;({ broker, url, admin } = shared)
})

let apps = 0

async function newApp(changes: Record<string, unknown> = {}) {
  const json = { name: `crm-${++apps}`, scopes: ["read:data:*", "write:data:*"], ...changes }
  const { status, body } = await call(url, "POST /v1/admin/apps", { bearer: admin, json })
  expect(status).toBe(201)
  return body
}

async function signIn({ client_id, client_secret }: { client_id: string; client_secret: string }): Promise<string> {
  const { status, body } = await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })
  expect(status).toBe(200)
  return body.access_token
}

async function appLaunchToken(bearer: string, policy: Record<string, unknown> = {}): Promise<string> {
  const json = { agent_name: "worker", allowed_scope: ["read:data:*"], ttl: 600, ...policy }
  const { status, body } = await call(url, "POST /v1/app/launch-tokens", { bearer, json })
  expect(status).toBe(201)
  return body.launch_token
}

async function appAgent(bearer: string, changes: Record<string, unknown> = {}) {
  const json = await registration(url, await appLaunchToken(bearer, { single_use: false }), changes)
  const { status, body } = await call(url, "POST /v1/register", { json })
  expect(status).toBe(200)
  return body as { agent_id: string; access_token: string }
}

const lastEvent = async (type: string) =>
  (await trail(url, admin)).filter(({ event_type }) => event_type === type).at(-1)

describe("managing apps", () => {
  test("an app is registered, read, listed newest first, and its secret shown once", async () => {
    const app = await newApp({ name: "a-very-long-name", token_ttl: 60 })
    expect(app).toEqual({
      app_id: expect.stringMatching(/^app-a-very-long-name-[0-9a-f]{6}$/),
      name: "a-very-long-name",
      client_id: expect.stringMatching(/^a-very-l-[0-9a-f]{12}$/),
      client_secret: expect.stringMatching(/^[0-9a-f]{64}$/),
      scopes: ["read:data:*", "write:data:*"],
      token_ttl: 60,
      status: "active",
      created_at: expect.stringMatching(/Z$/),
      updated_at: app.created_at,
    })
    const { client_secret, ...shown } = app
    const newer = await newApp()
    const got = await call(url, `GET /v1/admin/apps/${app.app_id}`, { bearer: admin })
    expect([got.status, got.body]).toEqual([200, shown])
    const list = await call(url, "GET /v1/admin/apps", { bearer: admin })
    expect(list.body.apps.slice(0, 2).map(({ name }: { name: string }) => name)).toEqual([newer.name, app.name])
    expect(list.body.total).toBe(list.body.apps.length)
    expect(newer.token_ttl).toBe(1800)
    expect(await lastEvent("app_registered")).toMatchObject({ agent_id: "admin", outcome: "success" })
    expect(JSON.stringify(await trail(url, admin)) + broker.output().stdout).not.toContain(client_secret)
  })

  test("a name is taken for ever, also with concurrent requests", async () => {
    const json = { name: "once", scopes: ["read:data:*"] }
    const racing = await Promise.all(
      Array.from({ length: 20 }, () => call(url, "POST /v1/admin/apps", { bearer: admin, json })),
    )
    expect(racing.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(409)])
    const winner = racing.find(({ status }) => status === 201)
    await call(url, `DELETE /v1/admin/apps/${winner?.body.app_id}`, { bearer: admin })
    const again = await call(url, "POST /v1/admin/apps", { bearer: admin, json })
    expect([again.status, again.body.error_code]).toEqual([409, "conflict"])
    expect(await lastEvent("app_registered")).toMatchObject({ outcome: "denied", detail: "an app named once exists" })
  })

  test.each([
    [{ name: "x" }, "invalid_request", "name"],
    [{ name: "Crm" }, "invalid_request", "name"],
    [{ name: "a--b" }, "invalid_request", "name"],
    [{ scopes: [] }, "invalid_request", "scopes"],
    [{ scopes: ["admin:launch-tokens:*"] }, "invalid_request", "scopes"],
    [{ scopes: "read:data:*" }, "invalid_request", "scopes"],
    [{ token_ttl: 59 }, "invalid_ttl", "token_ttl"],
    [{ token_ttl: 86_401 }, "invalid_ttl", "token_ttl"],
    [{ token_ttl: "60" }, "invalid_request", "token_ttl"],
  ])("a creation with %j is refused as %s naming %s, and in the trail", async (changes, code, field) => {
    const json = { name: "fine", scopes: ["read:data:*"], ...changes }
    const { status, body } = await call(url, "POST /v1/admin/apps", { bearer: admin, json })
    expect([status, body.error_code]).toEqual([400, code])
    expect(body.detail).toContain(field)
    expect(await lastEvent("app_registered")).toMatchObject({ outcome: "denied", detail: body.detail })
  })

  test("an update changes only the given fields, and records a changed ceiling", async () => {
    const app = await newApp()
    const path = `PUT /v1/admin/apps/${app.app_id}`
    const ttl = await call(url, path, { bearer: admin, json: { token_ttl: 600 } })
    expect([ttl.status, ttl.body.token_ttl, ttl.body.scopes]).toEqual([200, 600, app.scopes])
    expect((await trail(url, admin)).at(-1)).toMatchObject({ event_type: "app_updated", outcome: "success" })
    const scopes = await call(url, path, { bearer: admin, json: { scopes: ["read:data:7"] } })
    expect([scopes.body.token_ttl, scopes.body.scopes]).toEqual([600, ["read:data:7"]])
    const events = (await trail(url, admin)).slice(-2)
    expect(events.map(({ event_type }) => event_type)).toEqual(["app_updated", "scopes_ceiling_updated"])
    for (const json of [{}, { scopes: [] }, { token_ttl: 0 }, null]) {
      const { status } = await call(url, path, { bearer: admin, json })
      expect([status, (await trail(url, admin)).at(-1)]).toMatchObject([
        400,
        { event_type: "app_updated", outcome: "denied" },
      ])
    }
  })

  test("30 concurrent updates all take effect, one after the other", async () => {
    const app = await newApp()
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        call(url, `PUT /v1/admin/apps/${app.app_id}`, {
          bearer: admin,
          json: at % 2 === 0 ? { token_ttl: 100 + at } : { scopes: [`read:data:${at}`] },
        }),
      ),
    )
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    const { body } = await call(url, `GET /v1/admin/apps/${app.app_id}`, { bearer: admin })
    expect(body.token_ttl).toBeGreaterThanOrEqual(100)
    expect(body.scopes[0]).toMatch(/^read:data:\d+$/)
  })

  test.each(["GET", "PUT", "DELETE"])("%s of an app that does not exist is 404", async (method) => {
    const secret = `${"0".repeat(60)}beef`
    for (const id of ["app-none-000000", secret, "%00", "..%2f..", "app-%E0%A4%A"]) {
      const json = method === "PUT" ? { token_ttl: 60 } : undefined
      const { status, body } = await call(url, `${method} /v1/admin/apps/${id}`, { bearer: admin, json })
      expect([status, body.error_code]).toEqual([404, "not_found"])
    }
    const events = await trail(url, admin)
    expect(JSON.stringify(events)).not.toContain(secret)
    if (method !== "GET")
      expect(events.at(-1)).toMatchObject({ outcome: "denied", resource: "/v1/admin/apps/{id}", agent_id: "admin" })
  })
})

describe("an app's sign-in", () => {
  test("gives a token for the app's routes only", async () => {
    const app = await newApp({ token_ttl: 60 })
    const { client_id, client_secret } = app
    const { status, body } = await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })
    expect(status).toBe(200)
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 60,
      token_type: "Bearer",
      scopes: ["app:launch-tokens:*", "app:agents:*", "app:audit:read"],
    })
    const { claims } = (await call(url, "POST /v1/token/validate", { json: { token: body.access_token } })).body
    expect(claims).toMatchObject({ sub: `app:${app.app_id}`, kind: "app", scope: body.scopes })
    expect(await lastEvent("app_authenticated")).toMatchObject({ agent_id: `app:${app.app_id}` })
    const bearer = body.access_token
    for (const route of ["GET /v1/admin/apps", "GET /v1/audit/events", "POST /v1/admin/launch-tokens"])
      expect((await call(url, route, { bearer })).body.error_code).toBe("insufficient_scope")
    expect((await call(url, "POST /v1/token/renew", { bearer })).body.error_code).toBe("forbidden")
    expect((await call(url, "POST /v1/token/release", { bearer })).status).toBe(204)
  })

  test("an unknown client, a wrong secret and an inactive app get the same answer; the trail tells them apart", async () => {
    const app = await newApp()
    const gone = await newApp()
    await call(url, `DELETE /v1/admin/apps/${gone.app_id}`, { bearer: admin })
    const cases = [
      [{ client_id: "nobody-000000000000", client_secret: app.client_secret }, "unknown client"],
      [{ client_id: app.client_id, client_secret: gone.client_secret }, `wrong secret for ${app.app_id}`],
      [{ client_id: gone.client_id, client_secret: gone.client_secret }, `${gone.app_id} is inactive`],
    ] as const
    const answers = new Set<string>()
    for (const [json, reason] of cases) {
      const { status, body } = await call(url, "POST /v1/app/auth", { json })
      expect(status).toBe(401)
      answers.add(JSON.stringify({ ...body, request_id: "" }))
      expect(await lastEvent("app_auth_failed")).toMatchObject({ outcome: "denied", detail: reason })
    }
    expect(answers.size).toBe(1)
  })
})

describe("an app's launch tokens", () => {
  test("stay within its ceiling, and a refusal names the exceeding scope", async () => {
    const app = await newApp()
    const bearer = await signIn(app)
    const json = { agent_name: "worker", allowed_scope: ["read:data:7", "read:secrets:*", "write:data:*"] }
    const { status, body } = await call(url, "POST /v1/app/launch-tokens", { bearer, json })
    expect([status, body.error_code]).toEqual([403, "forbidden"])
    expect(body.detail).toContain("read:secrets:*")
    expect(await lastEvent("scope_ceiling_exceeded")).toMatchObject({
      agent_id: `app:${app.app_id}`,
      detail: expect.stringContaining("read:secrets:* not covered by read:data:* write:data:*"),
    })
  })

  test("register agents that can renew and delegate", async () => {
    const bearer = await signIn(await newApp())
    const [one, other] = [await appAgent(bearer), await appAgent(bearer)]
    const json = { delegate_to: other.agent_id, scope: ["read:data:7"] }
    expect((await call(url, "POST /v1/delegate", { bearer: one.access_token, json })).status).toBe(200)
    expect((await call(url, "POST /v1/token/renew", { bearer: one.access_token })).status).toBe(200)
  })

  test("a narrowed ceiling applies at once to existing launch tokens, renewal and delegation", async () => {
    const app = await newApp()
    const bearer = await signIn(app)
    const launchToken = await appLaunchToken(bearer)
    const [one, other] = [await appAgent(bearer), await appAgent(bearer)]
    await call(url, `PUT /v1/admin/apps/${app.app_id}`, { bearer: admin, json: { scopes: ["read:data:8"] } })
    const refusals = [
      ["POST /v1/register", { json: await registration(url, launchToken) }, "registration_policy_violation"],
      ["POST /v1/token/renew", { bearer: one.access_token }, "token_renewal_failed"],
      [
        "POST /v1/delegate",
        { bearer: one.access_token, json: { delegate_to: other.agent_id, scope: ["read:data:7"] } },
        "delegation_created",
      ],
    ] as const
    for (const [route, options, type] of refusals) {
      const { status, body } = await call(url, route, options)
      expect([route, status, body.error_code]).toEqual([route, 403, "forbidden"])
      expect(body.detail).not.toContain("read:data:8")
      expect(await lastEvent(type)).toMatchObject({
        outcome: "denied",
        detail: `scope read:data:7 not covered by the ceiling of ${app.app_id}: read:data:8`,
      })
    }
    const within = { json: await registration(url, launchToken, { requested_scope: ["read:data:8"] }) }
    expect((await call(url, "POST /v1/register", within)).status).toBe(200)
  })

  test("a delegated token passes on no scope beyond the present ceiling of the first app", async () => {
    const app = await newApp()
    const bearer = await signIn(app)
    const root = await appAgent(bearer)
    const [middle, last] = [await agent(url, admin), await agent(url, admin)]
    const delegated = await call(url, "POST /v1/delegate", {
      bearer: root.access_token,
      json: { delegate_to: middle.agent_id, scope: ["read:data:7"] },
    })
    const further = {
      bearer: delegated.body.access_token,
      json: { delegate_to: last.agent_id, scope: ["read:data:7"] },
    }
    expect((await call(url, "POST /v1/delegate", further)).status).toBe(200)
    await call(url, `PUT /v1/admin/apps/${app.app_id}`, { bearer: admin, json: { scopes: ["read:data:8"] } })
    expect((await call(url, "POST /v1/delegate", further)).body.error_code).toBe("forbidden")
  })
})

describe("deregistering an app", () => {
  test("takes effect at once, gives the same answer again, and survives a restart", async () => {
    const app = await newApp()
    const bearer = await signIn(app)
    const launchToken = await appLaunchToken(bearer)
    const [one, other] = [await appAgent(bearer), await appAgent(bearer)]
    const remove = () => call(url, `DELETE /v1/admin/apps/${app.app_id}`, { bearer: admin })
    const [first, ...others] = await Promise.all([remove(), remove(), remove()])
    expect([first.status, first.body]).toEqual([
      200,
      { app_id: app.app_id, status: "inactive", deregistered_at: expect.stringMatching(/Z$/) },
    ])
    for (const again of [...others, await remove()]) expect(again.body).toEqual(first.body)

    const check = async () => {
      const { client_id, client_secret } = app
      expect((await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })).status).toBe(401)
      const json = { agent_name: "worker", allowed_scope: ["read:data:*"] }
      const launch = await call(url, "POST /v1/app/launch-tokens", { bearer, json })
      expect([launch.status, launch.body.error_code]).toEqual([403, "token_revoked"])
      const register = await call(url, "POST /v1/register", { json: await registration(url, launchToken) })
      expect([register.status, register.body.error_code]).toEqual([403, "forbidden"])
      const renewal = await call(url, "POST /v1/token/renew", { bearer: one.access_token })
      expect([renewal.status, renewal.body.error_code]).toEqual([403, "forbidden"])
      const delegation = await call(url, "POST /v1/delegate", {
        bearer: one.access_token,
        json: { delegate_to: other.agent_id, scope: ["read:data:7"] },
      })
      expect([delegation.status, delegation.body.error_code]).toEqual([403, "forbidden"])
      const { valid } = (await call(url, "POST /v1/token/validate", { json: { token: one.access_token } })).body
      expect(valid).toBe(true)
    }
    await check()
    const update = await call(url, `PUT /v1/admin/apps/${app.app_id}`, { bearer: admin, json: { token_ttl: 60 } })
    expect([update.status, update.body.error_code]).toEqual([409, "conflict"])
    const shown = await call(url, `GET /v1/admin/apps/${app.app_id}`, { bearer: admin })
    expect(shown.body).toMatchObject({ status: "inactive", deregistered_at: first.body.deregistered_at })
  })

  test("concurrent registrations succeed before it or not at all", async () => {
    const app = await newApp()
    const bearer = await signIn(app)
    const launchToken = await appLaunchToken(bearer, { single_use: false })
    const bodies = await Promise.all(Array.from({ length: 40 }, () => registration(url, launchToken)))
    const [removal, ...registrations] = await Promise.all([
      call(url, `DELETE /v1/admin/apps/${app.app_id}`, { bearer: admin }),
      ...bodies.map((json) => call(url, "POST /v1/register", { json })),
    ])
    expect(removal.status).toBe(200)
    const events = await trail(url, admin)
    const removedAt = events.findIndex(
      ({ event_type, detail }) => event_type === "app_deregistered" && String(detail).includes(app.app_id),
    )
    const registeredAfter = events.slice(removedAt).filter(({ event_type }) => event_type === "agent_registered")
    expect(registeredAfter).toEqual([])
    for (const { status } of registrations) expect([200, 403]).toContain(status)
  })
})
