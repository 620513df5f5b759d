import type { AuditEvent } from "@agentwrit/contract"
import { shareTestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { startProxy } from "@agentwrit/testing/proxy"
import { expect, test } from "vitest"
import { type Shown, screenLines } from "../src/watch/screen.ts"
import { sumOf } from "../src/watch/watcher.ts"
import { awrit, operator, startAwrit } from "./run-awrit.ts"

let url: string
let admin: string
let env: Record<string, string>
shareTestBroker((shared) => {
  ;({ url, admin } = shared)
  env = operator(url)
})

interface Look {
  readonly active_agents: number
  readonly tokens_issued_per_second: number | null
  readonly denied: readonly AuditEvent[]
  readonly revoked: readonly AuditEvent[]
}

const looksOf = (stdout: string): Look[] =>
  stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line))

test("each look has what came since the last one, also after an outage", async () => {
  await agent(url, admin, { task_id: "watched" })
  await using proxy = await startProxy(url)
  const watching = startAwrit(["watch", "--interval", "1", "--json"], { env: { ...env, AACTL_BROKER_URL: proxy.url } })
  await expect.poll(() => looksOf(watching.stdout())).not.toEqual([])
  proxy.intercept = (_incoming, answer) => {
    answer.destroy()
    return "taken"
  }
  await expect.poll(watching.stderr).toContain("trying again")
  await agent(url, admin, { task_id: "watched" })
  await call(url, "POST /v1/revoke", { bearer: admin, json: { level: "task", target: "watched" } })
  await call(url, "POST /v1/revoke", { bearer: admin, json: { level: "task", target: "not a task" } })
  await call(url, "POST /v1/admin/auth", { json: { secret: "wrong" } })
  proxy.intercept = () => "pass"
  await expect.poll(() => looksOf(watching.stdout()).flatMap(({ denied }) => denied)).not.toEqual([])
  watching.closeReader()
  expect((await watching.ended).code).toBe(0)
  const looks = looksOf(watching.stdout())
  expect(looks[0]).toMatchObject({ active_agents: 1, tokens_issued_per_second: null, denied: [], revoked: [] })
  expect(looks.flatMap(({ revoked }) => revoked)).toMatchObject([{ agent_id: "watched", event_type: "token_revoked" }])
  expect(looks.flatMap(({ denied }) => denied)).toMatchObject([
    { event_type: "token_revoked" },
    { event_type: "admin_auth_failed" },
  ])
  expect(looks.at(-1)?.active_agents).toBe(0)
  expect(looks.some(({ tokens_issued_per_second: rate }) => (rate ?? 0) > 0)).toBe(true)
  expect(watching.stderr()).toMatch(/^awrit: .* trying again\nawrit: the broker answers again\n$/)
})

test("without a terminal it prints a line for each look and each denial", async () => {
  const watching = startAwrit(["watch", "--interval", "1"], { env })
  await expect.poll(watching.stdout).toMatch(/ ok, \d+ active agents?, – tokens issued a second/)
  await call(url, "POST /v1/admin/auth", { json: { secret: "wrong" } })
  await expect.poll(watching.stdout).toMatch(/admin_auth_failed {2}denied.* 1 denied, 0 revoked/s)
  watching.closeReader()
  expect((await watching.ended).code).toBe(0)
  expect(watching.stdout()).not.toContain("\u001b")
})

test("a refusal ends it, and a wrong interval does not start it", async () => {
  const wrong = await awrit(["watch"], { env: { ...env, AACTL_ADMIN_SECRET: "wrong" } })
  expect(wrong).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("check the admin secret") })
  for (const interval of ["0", "3601", "1.5", "soon"])
    expect(await awrit(["watch", "--interval", interval], { env })).toMatchObject({ code: 2 })
})

test("a metric is summed over its labels", () => {
  const metrics = '# HELP a_total x\na_total{scope="read data"} 2\na_total{scope="}"} 3.5\nab_total 7\nb_total 1e3\n'
  expect([sumOf(metrics, "a_total"), sumOf(metrics, "b_total"), sumOf(metrics, "c_total")]).toEqual([5.5, 1000, 0])
})

const event = (number: number): AuditEvent => ({
  id: `evt-${String(number).padStart(6, "0")}`,
  timestamp: "2026-11-30T10:00:00.000Z",
  event_type: "token_revoked",
  agent_id: `task-${number}`,
  outcome: "success",
  detail: "level task",
  hash: "",
  prev_hash: "",
})

const AT = Date.parse("2026-11-30T10:00:10Z")

const SHOWN: Shown = {
  brokerUrl: "https://broker.example",
  intervalMs: 2000,
  snapshot: {
    at: AT,
    health: {
      status: "ok",
      version: "2.0.0",
      uptime: 3700,
      dbConnected: true,
      auditEventsCount: 9,
      auditChain: "ok",
    },
    agents: {
      agents: [1, 2, 3].map((number) => ({
        agentId: `spiffe://agentwrit.local/agent/crm/t-${number}/0123456789abcdef`,
        orchId: "crm",
        taskId: `t-${number}`,
        scope: ["read:data:*"],
        status: "active",
        registeredAt: AT,
        expiresAt: AT + 60_000 * number,
      })),
      total: 3,
      offset: 0,
      limit: 100,
    },
    issuedRate: 1.25,
    validatedRate: 40,
    denied: [],
    revoked: [],
  },
  denied: [],
  revoked: [1, 2, 3, 4].map(event),
  trouble: undefined,
}

test.each([24, 8])("the screen fits into %i rows", (height) => {
  const lines = screenLines(SHOWN, { height, width: 100, styled: (_style, text) => text })
  expect(lines.length).toBeLessThanOrEqual(height)
  expect(lines.join("\n")).toMatchSnapshot()
})

test("the screen says since when the broker is away, and keeps what it had", () => {
  const away = { ...SHOWN, trouble: { message: "https://broker.example cannot be reached (ECONNREFUSED)", since: AT } }
  const [, trouble, ...rest] = screenLines(away, { height: 24, width: 100, styled: (_style, text) => text })
  expect(trouble).toBe(
    "no answer since 2026-11-30T10:00:10Z: https://broker.example cannot be reached (ECONNREFUSED); trying again",
  )
  expect(rest.join("\n")).toContain("3 active agents")
})
