import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, signIn } from "./in-process.ts"

type App = Parameters<typeof ask>[0]

const DAY = 86_400_000
const WEEK = 7 * 86_400

async function agent(app: App, launch: string) {
  const json = await registration(app, launch)
  return (await ask(app, "POST /v1/register", { json })).body as { agent_id: string; access_token: string }
}

test("a revoked token that was delegated under a higher ceiling stays revoked until it runs out", async () => {
  await using folder = await brokerFolder()
  const before = await folder.open({ settings: { maxTtl: WEEK } })
  const launch = await launchToken(before.app, await signIn(before.app), { single_use: false, max_ttl: WEEK })
  const [delegator, delegate] = [await agent(before.app, launch), await agent(before.app, launch)]
  const json = { delegate_to: delegate.agent_id, scope: ["read:data:7"], ttl: WEEK }
  const { access_token: token } = (await ask(before.app, "POST /v1/delegate", { bearer: delegator.access_token, json }))
    .body
  await before[Symbol.asyncDispose]()

  await using broker = await folder.open({ settings: { maxTtl: 300 } })
  const { app } = broker
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())
  const target = claims.jti
  await ask(app, "POST /v1/revoke", { bearer: await signIn(app), json: { level: "token", target } })
  const page = (await ask(app, "GET /v1/revocations")).text
  const { entries } = JSON.parse(Buffer.from(page.split(".")[1] ?? "", "base64url").toString())
  expect(entries).toMatchObject([{ level: "token", exp: claims.exp }])
  const start = folder.clock.now()
  for (const days of [3, 6.9]) {
    folder.clock.set(start + days * DAY)
    await broker.maintain()
    expect((await ask(app, "POST /v1/token/release", { bearer: token })).body.error_code).toBe("token_revoked")
  }
  folder.clock.set(start + 8 * DAY + 1000)
  expect(await broker.maintain()).toMatchObject({ tokens: 1, delegatedTokens: 1 })
})
