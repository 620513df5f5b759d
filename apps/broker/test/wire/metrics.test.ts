import { adminToken, agent, call, launchToken, registration } from "@agentwrit/testing/client"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { freshMetrics } from "@agentwrit/testing/fresh-metrics"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { expect, test } from "vitest"
import { shareWireBroker, startWireBroker, type WireBroker } from "./wire-broker.ts"

/** In seconds. */
const STARTED_AT = Math.floor(Date.now() / 1000)

let broker: WireBroker
let url: string
let admin: string

shareWireBroker((shared) => {
  ;({ broker, url, admin } = shared)
})

type Samples = Map<string, number>

/** Parses Prometheus' text format; throws for an invalid line. */
async function scrape(from = url): Promise<Samples> {
  const samples: Samples = new Map()
  for (const line of (await freshMetrics(from)).split("\n")) {
    if (line === "" || /^# (HELP|TYPE) [a-zA-Z_:]\w* \S.*$/.test(line)) continue
    const found = /^([a-zA-Z_:]\w*(?:\{\w+="[^"\\]*"(?:,\w+="[^"\\]*")*\})?) (-?[\d.eE+-]+|nan|\+Inf)$/i.exec(line)
    if (found?.[1] === undefined) throw new Error(`not a sample: ${line}`)
    samples.set(found[1], Number(found[2]))
  }
  return samples
}

/** The broker's counters that changed, and by how much, without those that every request changes. */
async function movedBy(act: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await scrape()
  await act()
  const after = await scrape()
  const moved: Record<string, number> = {}
  for (const [name, value] of after) {
    if (!/^agentwrit_(\w+_total|delegation_depth_count)/.test(name)) continue
    const by = value - (before.get(name) ?? 0)
    if (by !== 0) moved[name.replace("agentwrit_", "")] = by
  }
  return moved
}

const event = (type: string) => `audit_events_total{event_type="${type}"}`

test("every operation changes its own series", async () => {
  const right = () => adminToken(url)
  expect(await movedBy(right)).toEqual({
    'admin_auth_total{status="success"}': 1,
    'tokens_issued_total{scope="admin:launch-tokens:*"}': 1,
    [event("admin_auth")]: 1,
  })
  const wrong = () => call(url, "POST /v1/admin/auth", { json: { secret: "wrong" } })
  expect(await movedBy(wrong)).toEqual({
    'admin_auth_total{status="failure"}': 1,
    [event("admin_auth_failed")]: 1,
  })
  let launch = ""
  const launching = async () => {
    launch = await launchToken(url, admin, { single_use: false })
  }
  expect(await movedBy(launching)).toEqual({ launch_tokens_created_total: 1, [event("launch_token_issued")]: 1 })

  let token = ""
  const registering = async () => {
    const json = await registration(url, launch, { requested_scope: ["read:data:7", "read:data:8"] })
    token = (await call(url, "POST /v1/register", { json })).body.access_token
  }
  expect(await movedBy(registering)).toEqual({
    'registrations_total{status="success"}': 1,
    'tokens_issued_total{scope="read:data:*"}': 1,
    [event("agent_registered")]: 1,
    [event("token_issued")]: 1,
  })
  const refused = async () =>
    call(url, "POST /v1/register", { json: await registration(url, launch, { requested_scope: ["write:data:7"] }) })
  expect(await movedBy(refused)).toEqual({
    'registrations_total{status="failure"}': 1,
    [event("registration_policy_violation")]: 1,
  })
  expect(await movedBy(() => call(url, "POST /v1/token/validate", { json: { token } }))).toEqual({
    'validations_total{decision="valid"}': 1,
  })
  expect(await movedBy(() => call(url, "POST /v1/token/validate", { json: { token: "x" } }))).toEqual({
    'validations_total{decision="invalid"}': 1,
    [event("token_auth_failed")]: 1,
  })
  const other = await agent(url, admin)
  const json = { delegate_to: other.agent_id, scope: ["read:data:7"] }
  expect(await movedBy(() => call(url, "POST /v1/delegate", { bearer: token, json }))).toEqual({
    delegation_depth_count: 1,
    'tokens_issued_total{scope="read:data:*"}': 1,
    [event("delegation_created")]: 1,
  })
  let renewed = ""
  const renewing = async () => {
    renewed = (await call(url, "POST /v1/token/renew", { bearer: token })).body.access_token
  }
  expect(await movedBy(renewing)).toEqual({
    'tokens_issued_total{scope="read:data:*"}': 1,
    [event("token_renewed")]: 1,
  })
  expect(await movedBy(() => call(url, "POST /v1/token/release", { bearer: renewed }))).toEqual({
    [event("token_released")]: 1,
  })
  for (const [level, target] of [
    ["task", "t-none"],
    ["token", "0".repeat(32)],
    ["agent", other.agent_id],
    ["chain", other.agent_id],
  ]) {
    const revoking = () => call(url, "POST /v1/revoke", { bearer: admin, json: { level, target } })
    expect(await movedBy(revoking)).toEqual({
      [`tokens_revoked_total{level="${level}"}`]: 1,
      [event("token_revoked")]: 1,
    })
  }
  expect(await movedBy(() => call(url, "GET /v1/challenge"))).toEqual({})
})

test("requests are timed by their route's pattern, and unknown paths together", async () => {
  const count = (samples: Samples, endpoint: string) =>
    samples.get(`agentwrit_request_duration_seconds_count{endpoint="${endpoint}"}`) ?? 0
  const before = await scrape()
  for (const id of ["app-a-000000", "app-b-000000", "x"]) await call(url, `GET /v1/admin/apps/${id}`, { bearer: admin })
  for (const path of ["/", "/a", "/b/c?d", "/v1/%00"]) await call(url, `GET ${path}`)
  await call(url, "PATCH /v1/challenge")
  const after = await scrape()
  expect(count(after, "/v1/admin/apps/{id}") - count(before, "/v1/admin/apps/{id}")).toBe(3)
  expect(count(after, "other") - count(before, "other")).toBe(5)
  const endpoints = [...after.keys()].flatMap(
    (name) => /duration_seconds_count\{endpoint="([^"]+)"/.exec(name)?.[1] ?? [],
  )
  expect(endpoints.every((endpoint) => endpoint === "other" || /^\/(v1|\.well-known)\//.test(endpoint))).toBe(true)
  expect(after.get("agentwrit_audit_write_duration_seconds_count")).toBeGreaterThan(0)
  expect(after.get("process_resident_memory_bytes")).toBeGreaterThan(0)
})

test("active agents rise with a registration, and fall with a release, a revocation and an expiry", async () => {
  const clock = settableClock()
  clock.set(Date.now())
  await using own = await startWireBroker({ clock })
  const operator = await adminToken(own.url)
  const active = async () => (await scrape(own.url)).get("agentwrit_active_agents")
  const expectActive = (count: number) => expect.poll(active).toBe(count)
  await expectActive(0)
  const [left, banned] = [await agent(own.url, operator), await agent(own.url, operator)]
  await agent(own.url, operator, { requested_ttl: 3 })
  await expectActive(3)
  await call(own.url, "POST /v1/token/release", { bearer: left.access_token })
  await call(own.url, "POST /v1/revoke", { bearer: operator, json: { level: "agent", target: banned.agent_id } })
  await expectActive(1)
  clock.set(clock.now() + 4000)
  await expectActive(0)
})

test("a genuine token from the future counts as clock skew, an expired one does not", async () => {
  const now = Math.floor(Date.now() / 1000)
  const validating = (times: object) => () => {
    const token = signedByBroker(broker, tokenPart(admin, 0), { ...tokenPart(admin, 1), ...times })
    return call(url, "POST /v1/token/validate", { json: { token } })
  }
  const invalid = { 'validations_total{decision="invalid"}': 1, [event("token_auth_failed")]: 1 }
  expect(await movedBy(validating({ nbf: now + 60, exp: now + 90 }))).toEqual({ ...invalid, clock_skew_total: 1 })
  expect(await movedBy(validating({ nbf: now - 90, exp: now - 60 }))).toEqual(invalid)
})

test("the maintenance reports its run within seconds of the start", async () => {
  const last = async () => (await scrape()).get("agentwrit_maintenance_last_run_timestamp_seconds") ?? 0
  await expect.poll(last).toBeGreaterThanOrEqual(STARTED_AT)
})

test("after the first 200 scopes, further ones share a series", async () => {
  const allowed_scope = Array.from({ length: 250 }, (_, n) => `read:kind-${n}:*`)
  admin = await adminToken(url)
  const launch = await launchToken(url, admin, { allowed_scope, single_use: false })
  const bodies = await Promise.all(
    allowed_scope.map((scope) => registration(url, launch, { requested_scope: [scope] })),
  )
  await Promise.all(bodies.map((json) => call(url, "POST /v1/register", { json })))
  const samples = await scrape()
  const series = [...samples.keys()].filter((name) => name.startsWith("agentwrit_tokens_issued_total{"))
  expect(series.length).toBeLessThanOrEqual(201)
  expect(samples.get('agentwrit_tokens_issued_total{scope="other"}')).toBeGreaterThanOrEqual(50)
})
