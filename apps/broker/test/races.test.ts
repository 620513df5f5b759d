import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, signIn } from "./in-process.ts"

// In process all of them are judged before the first is committed: only the commit's own condition tells them apart.
test.each([
  ["renewals", "POST /v1/token/renew", 200],
  ["releases", "POST /v1/token/release", 204],
])("of twenty simultaneous %s of one token exactly one succeeds", async (_, route, status) => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const json = await registration(app, await launchToken(app, await signIn(app)))
  const bearer = (await ask(app, "POST /v1/register", { json })).body.access_token
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(app, route, { bearer })))
  expect(answers.filter((answer) => answer.status === status)).toHaveLength(1)
  for (const { status: found, body } of answers)
    if (found !== status) expect([found, body.error_code]).toEqual([403, "token_revoked"])
  expect(broker.bugs).toEqual([])
})

test("a renewal that races the revocation of its token does not outrun it", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const admin = await signIn(app)
  const reusable = await launchToken(app, admin, { single_use: false })
  const renewals: number[] = []
  for (let head = 0; head < 40; head++) {
    const json = await registration(app, reusable)
    const bearer = (await ask(app, "POST /v1/register", { json })).body.access_token
    const target = JSON.parse(Buffer.from(bearer.split(".")[1], "base64url").toString()).jti
    const revocation = ask(app, "POST /v1/revoke", { bearer: admin, json: { level: "token", target } })
    // The revocation gets ever more of a head start, so that in some rounds it is queued first, in the same flush.
    for (let turn = 0; turn < head; turn++) await Promise.resolve()
    const [revoked, renewed] = await Promise.all([revocation, ask(app, "POST /v1/token/renew", { bearer })])
    expect(revoked.status).toBe(200)
    renewals.push(renewed.status)
    const { events } = (await ask(app, "GET /v1/audit/events?limit=1000&outcome=success", { bearer: admin })).body
    const place = (of: string) =>
      events.findIndex(({ detail, agent_id }: Record<string, string>) =>
        of === "revoked" ? agent_id === target : detail?.startsWith(`token ${target} replaced`),
      )
    if (renewed.status === 200) expect(place("renewed")).toBeLessThan(place("revoked"))
    else expect([renewed.status, renewed.body.error_code]).toEqual([403, "token_revoked"])
  }
  expect(new Set(renewals)).toEqual(new Set([200, 403]))
})
