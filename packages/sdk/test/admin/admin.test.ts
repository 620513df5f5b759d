import { inspect } from "node:util"
import type { AuditEvent } from "@agentwrit/contract"
import { type SharedTestBroker, shareTestBroker, startTestBroker } from "@agentwrit/testing/broker"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { agent, launchToken } from "@agentwrit/testing/client"
import { closedAddress, startProxy } from "@agentwrit/testing/proxy"
import { expect, test } from "vitest"
import {
  type AdminOptions,
  type AdminSession,
  AgentWritAdmin,
  type AgentWritError,
  BrokerError,
  type EventsFilter,
  NetworkError,
} from "../../src/admin/index.ts"

let shared: SharedTestBroker
shareTestBroker((started) => {
  shared = started
})

const adminAt = (brokerUrl: string, options: Partial<AdminOptions> = {}): AgentWritAdmin =>
  new AgentWritAdmin({ brokerUrl, adminSecret: ADMIN_SECRET, ...options })

const signIns = (seen: readonly string[]): number => seen.filter((line) => line === "POST /v1/admin/auth").length

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

test("an app can be registered, read, updated and deregistered", async () => {
  const admin = adminAt(shared.url)
  const made = await admin.createApp({ name: "sdk-admin", scopes: ["read:data:*"], tokenTtl: 600 })
  expect(made).toMatchObject({ name: "sdk-admin", scopes: ["read:data:*"], tokenTtl: 600, status: "active" })
  expect(made.clientSecret).toMatch(/^[0-9a-f]{64}$/)
  const { clientSecret: _, ...app } = made
  expect(await admin.getApp(made.appId)).toEqual(app)
  expect((await admin.listApps()).apps.map(({ appId }) => appId)).toContain(made.appId)
  expect(await admin.updateApp(made.appId, { scopes: ["read:data:7"] })).toMatchObject({ scopes: ["read:data:7"] })
  expect(await admin.deregisterApp(made.appId)).toMatchObject({ appId: made.appId, status: "inactive" })
  await expect(admin.updateApp(made.appId, { tokenTtl: 60 })).rejects.toMatchObject({ code: "conflict", status: 409 })
  await expect(admin.getApp("app-none-000000")).rejects.toMatchObject({ code: "not_found", status: 404 })
})

test("a launch token registers an agent, which can be listed and revoked", async () => {
  const admin = adminAt(shared.url)
  const { launchToken: ticket, policy } = await admin.createLaunchToken({
    agentName: "worker",
    allowedScope: ["read:data:*"],
  })
  expect(ticket).toMatch(/^[0-9a-f]{64}$/)
  expect(policy).toEqual({ allowedScope: ["read:data:*"], maxTtl: 300 })
  const { agent_id: agentId, access_token: token } = await agent(shared.url, shared.admin, { task_id: "sdk-end" })
  expect(await admin.validateToken(token)).toMatchObject({ valid: true, claims: { sub: agentId } })
  expect(await admin.releaseToken(token)).toBe(true)
  expect(await admin.releaseToken(token)).toBe(false)
  expect(await admin.validateToken(token)).toMatchObject({ valid: false })
  expect((await admin.listAgents({ taskId: "sdk-end" })).agents).toMatchObject([{ agentId, status: "released" }])
  expect(await admin.revoke({ level: "task", target: "sdk-end" })).toMatchObject({ revoked: true, target: "sdk-end" })
})

test("answers are passed on unchanged", async () => {
  const admin = adminAt(shared.url)
  const told: string[] = []
  const { events } = await admin.listEvents({ limit: 2 }, { onAnswer: (json) => told.push(json) })
  expect(told).toHaveLength(1)
  expect(JSON.parse(told[0] ?? "")).toMatchObject({ events, limit: 2, offset: 0 })
  await admin.health({ onAnswer: (json) => told.push(json) })
  expect(JSON.parse(told[1] ?? "")).toMatchObject({ status: "ok", db_connected: true })
})

test("an error while the caller reads a passed-on answer does not repeat the call", async () => {
  await using proxy = await startProxy(shared.url)
  const onAnswer = (): never => {
    throw new Error("the pipe is closed")
  }
  await expect(adminAt(proxy.url).listApps({ onAnswer })).rejects.toThrow(/^the pipe is closed$/)
  expect(proxy.seen.filter((line) => line === "GET /v1/admin/apps")).toHaveLength(1)
})

test("concurrent calls share one sign-in, and a token near its end is replaced", async () => {
  await using proxy = await startProxy(shared.url)
  const admin = adminAt(proxy.url)
  await Promise.all([admin.listApps(), admin.listEvents(), admin.listAgents()])
  await admin.listApps()
  expect(signIns(proxy.seen)).toBe(1)

  const expiring = adminAt(proxy.url)
  proxy.edit = (chunk, path) =>
    path === "/v1/admin/auth" ? chunk.replace(/"expires_in":\d+/, '"expires_in":0') : chunk
  await expiring.listApps()
  await expiring.listApps()
  expect(signIns(proxy.seen)).toBe(3)
})

test("a refused token is replaced once; a wrong secret is not tried again", async () => {
  await using proxy = await startProxy(shared.url)
  const admin = adminAt(proxy.url)
  proxy.edit = (chunk, path) =>
    path === "/v1/admin/auth" ? chunk.replace(/"access_token":"[^"]+"/, '"access_token":"not.a.token"') : chunk
  await expect(admin.listApps()).rejects.toMatchObject({ code: "unauthorized", status: 401 })
  expect(signIns(proxy.seen)).toBe(2)
  proxy.edit = (chunk) => chunk
  await admin.listApps()
  expect(signIns(proxy.seen)).toBe(3)

  const wrong = adminAt(proxy.url, { adminSecret: "not the admin secret" })
  await expect(wrong.listApps()).rejects.toMatchObject({ code: "unauthorized", status: 401 })
  expect(signIns(proxy.seen)).toBe(4)
})

test("a kept session is used by the next instance until it ends, and each sign-in is kept", async () => {
  await using proxy = await startProxy(shared.url)
  let kept: AdminSession | undefined
  const sessions = {
    load: () => kept,
    save: (session: AdminSession) => {
      kept = session
    },
  }
  const signedIn = await adminAt(proxy.url, { sessions }).signIn()
  expect(kept).toEqual(signedIn)
  await adminAt(proxy.url, { sessions }).listApps()
  expect(signIns(proxy.seen)).toBe(1)

  // The broker ended it, it has expired, or it is no token: a new sign-in replaces it.
  await adminAt(proxy.url).releaseToken(signedIn.token)
  await adminAt(proxy.url, { sessions }).listApps()
  expect(signIns(proxy.seen)).toBe(2)
  for (const change of [{ expiresAt: new Date(0) }, { token: "two\nlines" }]) {
    kept = { ...signedIn, ...change }
    await adminAt(proxy.url, { sessions }).listApps()
    expect(kept.token).not.toBe(signedIn.token)
  }
  expect(signIns(proxy.seen)).toBe(4)
})

test("an aborted call does not cancel a sign-in that other calls share", async () => {
  await using proxy = await startProxy(shared.url)
  const held: (() => void)[] = []
  proxy.intercept = (incoming, answer) => {
    if (incoming.url !== "/v1/admin/auth" || held.length > 0) return "pass"
    held.push(() => answer.writeHead(503, { "retry-after": "0" }).end())
    return "taken"
  }
  const admin = adminAt(proxy.url)
  const stop = new AbortController()
  const given = admin.listApps({ signal: stop.signal })
  const kept = admin.listApps()
  await expect.poll(() => held.length).toBe(1)
  stop.abort(new Error("no longer needed"))
  await expect(given).rejects.toThrow("no longer needed")
  held[0]?.()
  expect((await kept).total).toBeGreaterThanOrEqual(0)
  expect(signIns(proxy.seen)).toBe(2)
})

test("the secret may come from a function, whose error fails the call", async () => {
  const admin = new AgentWritAdmin({ brokerUrl: shared.url, adminSecret: async () => ADMIN_SECRET })
  expect((await admin.listApps()).total).toBeGreaterThanOrEqual(0)
  const failing = new AgentWritAdmin({
    brokerUrl: shared.url,
    adminSecret: () => Promise.reject(new Error("the vault is sealed")),
  })
  await expect(failing.listApps()).rejects.toThrow("the vault is sealed")
  expect((await failing.health()).status).toBe("ok")
})

/** Small pages, so that a few items fill several. */
async function pagedProxy(): ReturnType<typeof startProxy> {
  const proxy = await startProxy(shared.url)
  proxy.intercept = (incoming) => {
    incoming.url = incoming.url?.replace("limit=1000", "limit=2") ?? ""
    return "pass"
  }
  return proxy
}

test("iterating agents yields each once, page by page, while others register", async () => {
  await using proxy = await pagedProxy()
  const made: string[] = []
  const register = async (): Promise<number> =>
    made.push((await agent(shared.url, shared.admin, { orch_id: "pages" })).agent_id)
  for (let n = 0; n < 5; n++) await register()
  const listed: string[] = []
  for await (const { agentId } of adminAt(proxy.url).agents({ orchId: "pages" }))
    if (listed.push(agentId) === 1) await register()
  expect(listed).toEqual(made.slice(0, 5).toReversed())
})

test("iterating agents skips none when others leave the list meanwhile", async () => {
  await using proxy = await pagedProxy()
  const made: string[] = []
  for (let n = 0; n < 7; n++)
    made.push((await agent(shared.url, shared.admin, { orch_id: "leaving", task_id: `t-${n}` })).agent_id)
  const admin = adminAt(proxy.url)
  const revoked: string[] = []
  for await (const { agentId } of admin.agents({ orchId: "leaving", status: "active" })) {
    revoked.push(agentId)
    await admin.revoke({ level: "agent", target: agentId })
  }
  expect(revoked).toEqual(made.toReversed())
})

test("iterating events continues after the last one while the trail grows", async () => {
  await using proxy = await pagedProxy()
  const admin = adminAt(proxy.url)
  const everything: AuditEvent[] = []
  for await (const event of admin.events()) if (everything.push(event) < 5) await launchToken(shared.url, shared.admin)
  expect(everything.length).toBeGreaterThan(8)
  expect((await admin.listEvents({ limit: 1 })).total).toBe(everything.length)
  expect(everything.map(({ id }) => Number(id.slice(4)))).toEqual(everything.map((_, index) => index + 1))
  expect(await collected(admin.events({ after: everything.length - 2 }))).toEqual(everything.slice(-2))
  const issued = await collected(admin.events({ eventType: "launch_token_issued" }))
  expect(issued).toEqual(everything.filter(({ event_type }) => event_type === "launch_token_issued"))
})

test("iterating fails when the broker answers the same page again", async () => {
  await using proxy = await pagedProxy()
  const { intercept } = proxy
  proxy.intercept = (incoming, answer) => {
    incoming.url = incoming.url?.replace(/&?after=[^&]+/, "") ?? ""
    return intercept(incoming, answer)
  }
  const admin = adminAt(proxy.url)
  const lost = { code: "unexpected_answer", hint: expect.stringContaining("verify") }
  for (const events of [admin.events(), admin.followEvents({ after: 0 }, { intervalMs: 1 })])
    await expect(collected(events)).rejects.toMatchObject(lost)
})

test("following yields new events, continues after failures, and ends with its signal", async () => {
  await using proxy = await startProxy(shared.url)
  const admin = adminAt(proxy.url, { retries: 0 })
  await admin.listApps()
  const stop = new AbortController()
  const trouble: AgentWritError[] = []
  const seen: string[] = []
  const filter: EventsFilter = { eventType: "launch_token_issued" }
  const following = (async () => {
    const options = { intervalMs: 10, signal: stop.signal, onTrouble: (error: AgentWritError) => trouble.push(error) }
    for await (const event of admin.followEvents(filter, options)) seen.push(event.id)
  })()
  const polled = (): number => proxy.seen.filter((line) => line.startsWith("GET /v1/audit/events")).length
  await expect.poll(polled).toBeGreaterThan(2)
  expect(seen).toEqual([])
  await launchToken(shared.url, shared.admin)
  await expect.poll(() => seen.length).toBe(1)

  proxy.intercept = (_incoming, answer) => {
    answer.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>")
    return "taken"
  }
  await expect.poll(() => trouble.length).toBeGreaterThan(0)
  await launchToken(shared.url, shared.admin)
  proxy.intercept = () => "pass"
  await expect.poll(() => seen.length).toBe(2)
  expect(new Set(seen).size).toBe(2)
  expect(trouble[0]).toMatchObject({ code: "unexpected_answer", status: 502 })

  stop.abort(new Error("seen enough"))
  await expect(following).rejects.toThrow("seen enough")
})

test("an error names a broker that is down, and health reports a degraded one", async () => {
  const nowhere = await closedAddress()
  const gone = adminAt(nowhere, { retries: 0 })
  await expect(gone.health()).rejects.toThrow(NetworkError)
  await expect(gone.listApps()).rejects.toThrow(nowhere)

  await using proxy = await startProxy(shared.url)
  const body = {
    status: "degraded",
    version: "2.0.0",
    uptime: 1,
    db_connected: false,
    audit_events_count: 3,
    audit_chain: "ok",
  }
  proxy.intercept = (_incoming, answer) => {
    answer.writeHead(503, { "content-type": "application/json", "retry-after": "1" }).end(JSON.stringify(body))
    return "taken"
  }
  expect(await adminAt(proxy.url).health()).toMatchObject({ status: "degraded", dbConnected: false })
  expect(proxy.seen).toHaveLength(1)
})

test("a malformed request is refused without sending it", async () => {
  await using proxy = await startProxy(shared.url)
  const admin = adminAt(proxy.url)
  await admin.listApps()
  const before = proxy.seen.length
  await expect(admin.createApp({ name: "Bad Name", scopes: ["read:data:*"] })).rejects.toMatchObject({
    code: "invalid_request",
    message: expect.stringContaining("name must be"),
  })
  await expect(
    admin.createLaunchToken({ agentName: "a", allowedScope: ["read:data:*"], ttl: 0 }),
  ).rejects.toMatchObject({ code: "invalid_ttl" })
  for (const id of ["", "..", "../launch-tokens", "app-one", "app-none-000000/x"])
    for (const call of [admin.getApp(id), admin.updateApp(id, { tokenTtl: 60 }), admin.deregisterApp(id)])
      await expect(call).rejects.toMatchObject({ name: "InvalidRequestError", message: expect.stringMatching(/^id /) })
  expect(proxy.seen).toHaveLength(before)
})

test("printed objects show no secret", async () => {
  const admin = adminAt(shared.url)
  await admin.listApps()
  const error: unknown = await adminAt(shared.url, { adminSecret: "a wrong secret 0123456789" })
    .listApps()
    .catch((cause: unknown) => cause)
  expect(error).toBeInstanceOf(BrokerError)
  const shown = [admin, error].flatMap((value) => [
    inspect(value, { depth: 20, showHidden: true }),
    JSON.stringify(value),
    String(value),
  ])
  for (const text of shown) {
    expect(text).not.toContain(ADMIN_SECRET)
    expect(text).not.toContain("a wrong secret")
    expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]+\./)
  }
})

test("a broker with a new signing key gets a new sign-in", async () => {
  await using proxy = await startProxy(shared.url)
  const admin = adminAt(proxy.url)
  await admin.listApps()
  await using other = await startTestBroker()
  proxy.target = other.url
  expect((await admin.listApps()).total).toBe(0)
  expect(signIns(proxy.seen)).toBe(2)
})
