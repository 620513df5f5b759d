import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, signIn } from "./in-process.ts"

type Event = Readonly<Record<string, unknown>>

/** Turns of the microtask queue by which the use comes behind the end: in some of them both are judged before either commits. */
const GAPS = Array.from({ length: 16 }, (_, at) => 2 * at)

// In process both are judged before either is committed: only the commit's own condition tells that the other came first.
test.each([
  ["renew", "revoke"],
  ["renew", "release"],
  ["delegate", "revoke"],
  ["delegate", "release"],
] as const)("%s and %s of one token at once: nothing is made of it once it has ended", async (use, end) => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const operator = await signIn(app)
  const register = async () =>
    (await ask(app, "POST /v1/register", { json: await registration(app, await launchToken(app, operator)) })).body
  const { agent_id: other } = await register()

  for (const gap of GAPS) {
    const { access_token: bearer, agent_id } = await register()
    const { jti } = (await ask(app, "POST /v1/token/validate", { json: { token: bearer } })).body.claims
    const uses = {
      renew: () => ask(app, "POST /v1/token/renew", { bearer }),
      delegate: () => ask(app, "POST /v1/delegate", { bearer, json: { delegate_to: other, scope: ["read:data:7"] } }),
    }
    const ends = {
      revoke: () => ask(app, "POST /v1/revoke", { bearer: operator, json: { level: "token", target: jti } }),
      release: () => ask(app, "POST /v1/token/release", { bearer }),
    }
    const ending = ends[end]()
    for (let turn = 0; turn < gap; turn++) await Promise.resolve()
    const used = await uses[use]()
    const ended = await ending

    const { events } = (await ask(app, "GET /v1/audit/events?limit=1000", { bearer: operator })).body
    const done = (types: readonly string[], subject: string): number =>
      events.findIndex(
        ({ event_type, outcome, agent_id: of }: Event) =>
          of === subject && outcome === "success" && types.includes(String(event_type)),
      )
    const usedAt = done(["token_renewed", "delegation_created"], agent_id)
    const endedAt = done(["token_revoked", "token_released"], end === "revoke" ? jti : agent_id)
    const { agents } = (await ask(app, "GET /v1/admin/agents?limit=1000", { bearer: operator })).body
    const { status } = agents.find((each: Event) => each["agent_id"] === agent_id)
    expect(used.status === 200 || ended.status < 300).toBe(true)
    if (used.status === 200) {
      if (ended.status < 300) expect(usedAt).toBeLessThan(endedAt)
      if (use === "renew") expect(status).toBe("active")
    } else {
      expect([used.status, used.body.error_code]).toEqual([403, "token_revoked"])
      expect(usedAt).toBe(-1)
      expect(status).toBe(end === "revoke" ? "revoked" : "released")
    }
  }
  expect(broker.bugs).toEqual([])
})
