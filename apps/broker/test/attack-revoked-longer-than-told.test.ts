import { expect, test } from "vitest"
import { ask, brokerFolder, signIn } from "./in-process.ts"

// An entry for a jti that no agent holds is told of until now + AA_MAX_TTL: whatever lives longer comes back from the dead at those
// who follow the feed.
test("no token outlives the entry that revokes it", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open({ settings: { maxTtl: 120, adminTokenTtl: 3600, appTokenTtl: 3600 } })
  const { app } = broker
  const operator = await signIn(app)
  const json = { name: "crm", scopes: ["read:data:*"] }
  const { client_id, client_secret } = (await ask(app, "POST /v1/admin/apps", { bearer: operator, json })).body
  const { access_token } = (await ask(app, "POST /v1/app/auth", { json: { client_id, client_secret } })).body
  for (const token of [access_token, operator]) {
    const { claims } = (await ask(app, "POST /v1/token/validate", { json: { token } })).body
    const json = { level: "token", target: claims.jti }
    expect((await ask(app, "POST /v1/revoke", { bearer: operator, json })).status).toBe(200)
    const feed = (await ask(app, "GET /v1/revocations")).text.split(".")[1] ?? ""
    const { entries } = JSON.parse(Buffer.from(feed, "base64url").toString())
    expect(claims.exp).toBeLessThanOrEqual(entries.at(-1).exp)
    folder.clock.set(folder.clock.now() + 1000)
  }
})
