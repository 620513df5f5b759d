import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, signIn } from "./in-process.ts"

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND
const JTI = "0123456789abcdef0123456789abcdef"

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())

/** A broker that revokes for the operator, and what it was seen to do. */
async function revoking(maxTtl = 86_400) {
  const folder = await brokerFolder()
  const levels: string[] = []
  const broker = await folder.open({ settings: { maxTtl }, observer: { revoked: (level) => void levels.push(level) } })
  const { app } = broker
  const admin = await signIn(app)
  return {
    ...{ folder, broker, app, admin, levels },
    revoke: (level: string, target: string) => ask(app, "POST /v1/revoke", { bearer: admin, json: { level, target } }),
    agent: async (changes: object = {}) => {
      const json = await registration(app, await launchToken(app, admin), changes)
      return (await ask(app, "POST /v1/register", { json })).body as { agent_id: string; access_token: string }
    },
    valid: async (token: string) =>
      (await ask(app, "POST /v1/token/validate", { json: { token } })).body.valid as boolean,
    last: async () => (await ask(app, "GET /v1/audit/events?limit=1000", { bearer: admin })).body.events.at(-1),
    entries: async () => claimsOf((await ask(app, "GET /v1/revocations")).text).entries as { exp: number | null }[],
    async [Symbol.asyncDispose]() {
      await broker[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test("each level revokes what it names, answers so, and is in the trail", async () => {
  await using on = await revoking()
  const cases = [
    ["token", async (token: string) => claimsOf(token).jti],
    ["agent", async (token: string) => claimsOf(token).sub],
    ["task", async (token: string) => claimsOf(token).task_id],
  ] as const
  for (const [at, [level, targetOf]] of cases.entries()) {
    const [one, other] = [await on.agent({ task_id: `t-${at}` }), await on.agent({ task_id: "t-other" })]
    const target = await targetOf(one.access_token)
    for (let time = 0; time < 2; time++) {
      const { status, body } = await on.revoke(level, target)
      expect([status, body]).toEqual([200, { revoked: true, level, target, count: 1 }])
    }
    const event = await on.last()
    expect(event).toMatchObject({
      ...{ event_type: "token_revoked", agent_id: target, outcome: "success", resource: "/v1/revoke" },
      detail: `revoked at level ${level} by admin`,
    })
    expect(event.task_id).toBe(level === "task" ? target : undefined)
    expect([await on.valid(one.access_token), await on.valid(other.access_token)]).toEqual([false, true])
  }
  expect(on.levels).toEqual(["token", "token", "agent", "agent", "task", "task"])
})

test("an agent of another trust domain is none to revoke, and that is in the trail", async () => {
  await using on = await revoking()
  for (const level of ["agent", "chain"]) {
    const own = "spiffe://agentwrit.local/agent/crm/t-42/0123456789abcdef"
    expect((await on.revoke(level, own)).status).toBe(200)
    const { status, body } = await on.revoke(level, own.replace("agentwrit.local", "elsewhere.example"))
    expect([status, body.error_code, body.detail]).toEqual([
      ...[400, "invalid_request", "target is an agent of another trust domain"],
    ])
    expect(await on.last()).toMatchObject({ event_type: "token_revoked", outcome: "denied", agent_id: "admin" })
  }
  expect((await on.revoke("agent", "app:app-crm-0a1b2c")).status).toBe(200)
  expect(await on.entries()).toHaveLength(3)
})

test.each([
  [86_400, 86_400],
  [300, 300],
  [0, null],
])("under a ceiling of %i s the entry of an unknown token is told to end %j s later", async (maxTtl, later) => {
  await using on = await revoking(maxTtl)
  const now = on.folder.clock.now() / 1000
  await on.revoke("token", JTI)
  await on.revoke("task", "t-9")
  expect(await on.entries()).toMatchObject([{ exp: later === null ? null : now + later }, { exp: null }])
})

test("the entry of a known token ends with it, and is forgotten a day after that; the others stay", async () => {
  await using on = await revoking()
  const { access_token } = await on.agent({ requested_ttl: 100 })
  const { jti, exp, task_id } = claimsOf(access_token)
  await on.revoke("token", jti)
  expect(await on.entries()).toMatchObject([{ exp }])
  await on.revoke("task", task_id)
  on.folder.clock.set(exp * SECOND + DAY - 1)
  expect((await on.broker.maintain()).tokens).toBe(0)
  on.folder.clock.set(exp * SECOND + DAY)
  expect((await on.broker.maintain()).tokens).toBe(1)
  on.folder.clock.set(exp * SECOND + 10_000 * DAY)
  expect((await on.broker.maintain()).tokens).toBe(0)
})
