import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import { expect, test } from "vitest"
import { startWireBroker, type WireBroker } from "./wire-broker.ts"

type Events = Awaited<ReturnType<typeof trail>>

/** The number of denials that events of a type represent. */
function denialsIn(events: Events, kind: string): number {
  return events
    .filter(({ event_type }) => event_type === kind)
    .reduce((sum, { detail }) => sum + Number(/ count=(\d+)$/.exec(String(detail))?.[1] ?? 1), 0)
}

const validate = ({ url }: WireBroker, address: string) =>
  call(url, "POST /v1/token/validate", { json: { token: "garbage" }, headers: { "x-forwarded-for": address } })

test("a flood from one source becomes one event a second with its count, and other sources keep their own events", async () => {
  // The clock stands still, so no permit comes back.
  const now = Date.now()
  await using broker = await startWireBroker({ clock: { now: () => now } })
  const admin = await adminToken(broker.url)
  const began = performance.now()
  for (let turn = 0; turn < 5; turn++)
    await Promise.all(Array.from({ length: 100 }, () => validate(broker, "203.0.113.1")))
  await validate(broker, "203.0.113.2")
  const held = await agent(broker.url, admin)
  const options = { bearer: held.access_token, headers: { "x-forwarded-for": "203.0.113.1" } }
  expect((await call(broker.url, "GET /v1/admin/apps", options)).status).toBe(403)

  const count = async () => denialsIn(await trail(broker.url, admin), "token_auth_failed")
  await expect.poll(count).toBe(501)
  const seconds = (performance.now() - began) / 1000
  const events = await trail(broker.url, admin)
  const denials = events.filter(({ event_type }) => event_type === "token_auth_failed")
  const ownEvents = 50 + 1
  expect(denials.length).toBeLessThanOrEqual(ownEvents + Math.ceil(seconds))
  const folded = denials.find(({ detail }) => String(detail).includes("count="))
  expect(folded?.["detail"]).toMatch(/^token is not three parts separated by dots count=\d+$/)
  expect(events.find(({ event_type }) => event_type === "scope_violation")).toMatchObject({ agent_id: held.agent_id })
})
