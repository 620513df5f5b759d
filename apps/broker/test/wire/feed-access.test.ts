import { agent, call } from "@agentwrit/testing/client"
import { openFeed } from "@agentwrit/testing/feed"
import { expect, test } from "vitest"
import { shareWireBroker } from "./wire-broker.ts"

let url: string
let admin: string
shareWireBroker(
  (shared) => {
    ;({ url, admin } = shared)
  },
  { app: { feedAccess: "verifier" } },
)

async function appToken(role: string): Promise<string> {
  return (await signedInApp(role)).token
}

async function signedInApp(role: string) {
  const json = { name: `${role}-${crypto.randomUUID().slice(0, 6)}a`, scopes: ["read:data:*"], roles: [role] }
  const { app_id, client_id, client_secret } = (await call(url, "POST /v1/admin/apps", { bearer: admin, json })).body
  const { access_token } = (await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })).body
  return { appId: String(app_id), token: String(access_token) }
}

// A reader of the feed can test names that they guess.
test.each<[who: string, token: () => Promise<string | undefined>, status: number, code: string]>([
  ["nobody", async () => undefined, 401, "unauthorized"],
  ["an agent", async () => (await agent(url, admin)).access_token, 403, "insufficient_scope"],
  ["an operator", async () => admin, 403, "insufficient_scope"],
  ["an app that launches agents", () => appToken("launcher"), 403, "insufficient_scope"],
])("a feed for verifiers is closed to %s", async (_, token, status, code) => {
  const bearer = await token()
  const page = await call(url, "GET /v1/revocations", bearer === undefined ? {} : { bearer })
  expect([page.status, page.body.error_code]).toEqual([status, code])
  using stream = await openFeed(url, 0, bearer === undefined ? {} : { authorization: `Bearer ${bearer}` })
  expect(stream.status).toBe(status)
})

test.each(["verifier", "gateway"])("a feed for verifiers is open to an app of role %s", async (role) => {
  const bearer = await appToken(role)
  expect((await call(url, "GET /v1/revocations", { bearer })).status).toBe(200)
  using stream = await openFeed(url, 0, { authorization: `Bearer ${bearer}` })
  expect(stream.status).toBe(200)
  await expect.poll(() => stream.events.length).toBeGreaterThan(0)
})

// Before: the stream went on until the token expired.
test.each<[level: string, end: (appId: string, token: string) => Promise<unknown>]>([
  ["its token is released", (_, token) => call(url, "POST /v1/token/release", { bearer: token })],
  ["its token is revoked", (_, token) => revoke("token", jtiOf(token))],
  ["its app is revoked", (appId) => revoke("app", appId)],
  ["its app is removed", (appId) => call(url, `DELETE /v1/admin/apps/${appId}`, { bearer: admin })],
])("a stream of the closed feed ends when %s, and no other stream", async (_, end) => {
  const [ended, other] = [await signedInApp("verifier"), await signedInApp("gateway")]
  using stream = await openFeed(url, 0, { authorization: `Bearer ${ended.token}` })
  using living = await openFeed(url, 0, { authorization: `Bearer ${other.token}` })
  await expect.poll(() => Math.min(stream.events.length, living.events.length)).toBeGreaterThan(0)
  await end(ended.appId, ended.token)
  await stream.ended
  const seen = living.events.length
  await revoke("task", `t-${crypto.randomUUID()}`)
  await expect.poll(() => living.events.length).toBeGreaterThan(seen)
})

const revoke = (level: string, target: string) =>
  call(url, "POST /v1/revoke", { bearer: admin, json: { level, target } })

const jtiOf = (token: string): string => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti
