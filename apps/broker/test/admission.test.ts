import { expect, test } from "vitest"
import { ask, brokerFolder, signIn } from "./in-process.ts"

test("changes beyond the commit queue are refused with Retry-After, and acknowledged ones are stored", async () => {
  await using folder = await brokerFolder("sqlite")
  await using broker = await folder.open()
  const bearer = await signIn(broker.app)
  const json = { agent_name: "worker", allowed_scope: ["read:data:*"] }
  const answers = await Promise.all(
    Array.from({ length: 6000 }, () => ask(broker.app, "POST /v1/admin/launch-tokens", { bearer, json })),
  )
  const made = answers.filter(({ status }) => status === 201)
  const refused = answers.filter(({ status }) => status === 503)
  expect(made.length + refused.length).toBe(6000)
  expect(made.length).toBeGreaterThanOrEqual(4096)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.body).toMatchObject({ error_code: "unavailable", hint: "nothing was changed; try again" })
  expect(refused[0]?.headers.get("retry-after")).toBe("1")
  const trail = await ask(broker.app, "GET /v1/audit/events?event_type=launch_token_issued&limit=1", { bearer })
  expect(trail.body.total).toBe(made.length)
  expect((await ask(broker.app, "POST /v1/admin/launch-tokens", { bearer, json })).status).toBe(201)
})

test("queries beyond the reader's queue are refused with Retry-After", async () => {
  await using folder = await brokerFolder("sqlite")
  await using broker = await folder.open()
  const bearer = await signIn(broker.app)
  const answers = await Promise.all(
    Array.from({ length: 500 }, () => ask(broker.app, "GET /v1/audit/events?outcome=success", { bearer })),
  )
  const refused = answers.filter(({ status }) => status === 503)
  expect(answers.filter(({ status }) => status === 200).length + refused.length).toBe(500)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.headers.get("retry-after")).toBe("1")
  expect((await ask(broker.app, "GET /v1/audit/events", { bearer })).status).toBe(200)
})
