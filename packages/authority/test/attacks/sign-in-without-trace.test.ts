import { expect, test } from "vitest"
import { CALLER, testAuthority } from "../test-authority.ts"

// Before: the event of a failed sign-in held neither the client's address nor its request id.
const FROM = { recordedSource: "203.0.113.7", requestId: "attempt-1" }
const caller = { ...CALLER, ...FROM }

test("a failed sign-in leaves address and request id in the trail", async () => {
  await using on = await testAuthority()
  await expect(on.authority.signInAdmin(caller, "a guess")).rejects.toMatchObject({ code: "unauthorized" })
  const expected = { event_type: "admin_auth_failed", source: "203.0.113.7", request_id: "attempt-1" }
  expect((await on.events()).at(-1)).toMatchObject(expected)
})

test("a revocation names its target, who ordered it, and from where; the actor is a filter", async () => {
  await using on = await testAuthority()
  await on.agent()
  await on.authority.revoke(caller, on.operator, { level: "task", target: "t-42" })
  const expected = {
    event_type: "token_revoked",
    agent_id: "t-42",
    actor: "admin",
    source: "203.0.113.7",
    request_id: "attempt-1",
  }
  expect((await on.events()).at(-1)).toMatchObject(expected)
  const { events, total } = await on.authority.queryEvents({ actor: "admin", limit: 1000, offset: 0 })
  expect(events.at(-1)).toMatchObject(expected)
  expect(events.map(({ actor }) => actor)).toEqual(Array<string>(total).fill("admin"))
  expect(total).toBeLessThan((await on.events()).length)
})
