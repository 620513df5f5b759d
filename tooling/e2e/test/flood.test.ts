import { type BrokerProcess, brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { expect, test } from "vitest"

type Events = Awaited<ReturnType<typeof trail>>

/** Denials that events of a kind stand for. */
function denialsIn(events: Events, kind: string): number {
  return events
    .filter(({ event_type }) => event_type === kind)
    .reduce((sum, { detail }) => sum + Number(/ count=(\d+)$/.exec(String(detail))?.[1] ?? 1), 0)
}

const validate = ({ url }: BrokerProcess, address: string) =>
  call(url, "POST /v1/token/validate", { json: { token: "garbage" }, headers: { "x-forwarded-for": address } })

async function inTurns(count: number, act: (at: number) => Promise<unknown>): Promise<void> {
  for (let at = 0; at < count; at += 100) await Promise.all(Array.from({ length: 100 }, (_, n) => act(at + n)))
}

test("a flood from one source becomes one event a second, none goes uncounted, and others keep theirs", async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder)
  const admin = await adminToken(broker.url)
  await inTurns(3000, () => validate(broker, "203.0.113.1"))
  await validate(broker, "203.0.113.2")
  const held = await agent(broker.url, admin)
  const options = { bearer: held.access_token, headers: { "x-forwarded-for": "203.0.113.1" } }
  expect((await call(broker.url, "GET /v1/admin/apps", options)).status).toBe(403)

  const count = async () => denialsIn(await trail(broker.url, admin), "token_auth_failed")
  await expect.poll(count, { timeout: 5000 }).toBe(3001)
  const events = await trail(broker.url, admin)
  const denials = events.filter(({ event_type }) => event_type === "token_auth_failed")
  expect(denials.length).toBeLessThan(51 + 20)
  const folded = denials.find(({ detail }) => String(detail).includes("count="))
  expect(folded?.["detail"]).toMatch(/^token is not three parts separated by dots source=203\.0\.113\.1 count=\d+$/)
  expect(events.find(({ event_type }) => event_type === "scope_violation")).toMatchObject({ agent_id: held.agent_id })
})

test("a flood from many sources stays bounded, and a clean stop writes what is left", { timeout: 60_000 }, async () => {
  await using folder = await brokerFolder()
  const first = await startBroker(folder)
  const sent = 12_000
  await inTurns(sent, (at) => validate(first, `198.51.${Math.floor(at / 55 / 250)}.${Math.floor(at / 55) % 250}`))
  const { code } = await first.end("SIGTERM")
  expect(code).toBe(0)
  await using second = await startBroker(folder)
  const events = await trail(second.url, await adminToken(second.url))
  expect(denialsIn(events, "token_auth_failed")).toBe(sent)
  expect(events.length).toBeLessThan(8000)
  expect(auditProblems(events)).toEqual([])
})
