import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, type Setup, signIn } from "./in-process.ts"

type Folder = Awaited<ReturnType<typeof brokerFolder>>
type Broker = Awaited<ReturnType<Folder["open"]>>

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())

async function issue({ app }: Broker): Promise<string> {
  const json = await registration(app, await launchToken(app, await signIn(app)))
  return (await ask(app, "POST /v1/register", { json })).body.access_token
}

const valid = async ({ app }: Broker, token: string): Promise<boolean> =>
  (await ask(app, "POST /v1/token/validate", { json: { token } })).body.valid

/** The trail's last event. */
async function last({ app }: Broker, bearer: string) {
  return (await ask(app, "GET /v1/audit/events?limit=1000", { bearer })).body.events.at(-1)
}

test("a token is good for the broker that made it, also after a restart, and bad with one character changed", async () => {
  await using folder = await brokerFolder()
  const before = await folder.open()
  const token = await issue(before)
  expect(await valid(before, token)).toBe(true)
  await before[Symbol.asyncDispose]()
  await using broker = await folder.open()
  const admin = await signIn(broker.app)
  for (let time = 0; time < 2; time++) expect(await valid(broker, token)).toBe(true)
  const changed = token.replace(/.{9}$/, (end) => (end.startsWith("A") ? "B" : "A") + end.slice(1))
  for (let time = 0; time < 2; time++) expect(await valid(broker, changed)).toBe(false)
  expect(await last(broker, admin)).toMatchObject({ event_type: "token_auth_failed", outcome: "denied" })
  expect(await valid(broker, "")).toBe(false)
  expect((await last(broker, admin)).agent_id).toBeUndefined()
  expect(broker.bugs).toEqual([])
})

test.each<[string, Setup["settings"], Setup["settings"], boolean, RegExp | undefined]>([
  ["no issuer, where none is asked for", {}, {}, true, undefined],
  ["another issuer", { issuer: "https://a.example" }, { issuer: "https://b.example" }, false, /issuer/],
  ["no issuer, where one is asked for", {}, { issuer: "https://b.example" }, false, /issuer/],
  ["an issuer, where none is asked for", { issuer: "https://a.example" }, {}, true, undefined],
  ["another audience", { audience: "a" }, { audience: "b" }, false, /audience/],
  ["no audience, where one is asked for", {}, { audience: "b" }, false, /audience/],
  ["an audience, where none is asked for", { audience: "a" }, {}, true, undefined],
  ["the same of both", { issuer: "x", audience: "a" }, { issuer: "x", audience: "a" }, true, undefined],
])("of %s a token is held against the settings of the day", async (_, made, held, good, reason) => {
  await using folder = await brokerFolder()
  const before = await folder.open({ settings: made ?? {} })
  const token = await issue(before)
  await before[Symbol.asyncDispose]()
  let skews = 0
  await using broker = await folder.open({ settings: held ?? {}, observer: { clockSkew: () => void skews++ } })
  const admin = await signIn(broker.app)
  expect(await valid(broker, token)).toBe(good)
  if (reason !== undefined) {
    const event = await last(broker, admin)
    expect(event).toMatchObject({ event_type: "token_auth_failed", agent_id: claimsOf(token).sub })
    expect(event.detail).toMatch(reason)
  }
  expect(skews).toBe(0)
})

test("a genuine token from ahead of the clock is bad, and counted as skew; one that ran out is not", async () => {
  await using folder = await brokerFolder()
  let skews = 0
  await using broker = await folder.open({ observer: { clockSkew: () => void skews++ } })
  const start = folder.clock.now()
  const token = await issue(broker)
  const at = async (milliseconds: number) => {
    folder.clock.set(start + milliseconds)
    return [await valid(broker, token), skews]
  }
  expect(await at(0)).toEqual([true, 0])
  expect(await at(-1)).toEqual([false, 1])
  expect(await at(299_999)).toEqual([true, 1])
  expect(await at(300_000)).toEqual([false, 1])
})

test("a revoked token is told by what revokes it, in the trail", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const admin = await signIn(broker.app)
  const revoke = (level: string, target: string) =>
    ask(broker.app, "POST /v1/revoke", { bearer: admin, json: { level, target } })
  for (const level of ["token", "agent"]) {
    const token = await issue(broker)
    const { jti, sub } = claimsOf(token)
    const target = level === "token" ? jti : sub
    await revoke(level, target)
    expect(await valid(broker, token)).toBe(false)
    expect(await last(broker, admin)).toMatchObject({
      ...{ event_type: "token_revoked_access", agent_id: sub, outcome: "denied" },
      detail: `token is revoked at level ${level}: ${target}`,
    })
  }
})
