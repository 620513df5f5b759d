import { hash } from "node:crypto"
import { expect, test } from "vitest"

const APP_SCOPES = ["app:launch-tokens:*", "app:agents:*", "app:audit:read"]

import { CALLER, testAuthority } from "../test-authority.ts"

const OPERATOR = { agent_id: "admin", resource: CALLER.resource, outcome: "success" }
const NOT_FOUND = { code: "not_found", detail: "there is no such app", hint: "list the apps to see their ids" } as const

test("a new app has an id and a client id from its name, and its secret is stored only hashed", async () => {
  await using on = await testAuthority()
  const created = await on.authority.createApp(CALLER, on.operator, {
    name: "a-very-long-name",
    scopes: ["read:data:*"],
  })
  const { clientSecret, ...view } = created
  expect(view).toEqual({
    appId: expect.stringMatching(/^app-a-very-long-name-[0-9a-f]{6}$/),
    name: "a-very-long-name",
    clientId: expect.stringMatching(/^a-very-l-[0-9a-f]{12}$/),
    scopes: ["read:data:*"],
    tokenTtl: 1800,
    status: "active",
    createdAt: on.clock.now(),
    updatedAt: on.clock.now(),
  })
  expect((await on.store.records.app(view.appId))?.secretHash).toBe(hash("sha256", clientSecret))
  expect(await on.authority.getApp(view.appId)).toEqual(view)
  const detail = `${view.appId} registered: client ${view.clientId}, ceiling read:data:*, token ttl 1800 s`
  expect((await on.events()).at(-1)).toMatchObject({ ...OPERATOR, event_type: "app_registered", detail })
  expect(
    (await on.authority.createApp(CALLER, on.operator, { name: "brand-n-x", scopes: ["a:b:c"] })).clientId,
  ).toMatch(/^brand-n-[0-9a-f]{12}$/)
})

test("a name is taken for ever", async () => {
  await using on = await testAuthority()
  const { appId } = await on.app("crm")
  await on.authority.deregisterApp(CALLER, on.operator, appId)
  const attempt = () => on.authority.createApp(CALLER, on.operator, { name: "crm", scopes: ["read:data:*"] })
  const hint = "choose another name: a deregistered app keeps its own"
  const denied = [{ event_type: "app_registered", agent_id: "admin" } as const]
  await on.refused(attempt, { code: "conflict", detail: "an app named crm exists", hint }, denied)
})

test("apps are listed newest first, inactive ones too", async () => {
  await using on = await testAuthority()
  const first = await on.app("one")
  on.clock.set(on.clock.now() + 1000)
  const second = await on.app("two")
  await on.authority.deregisterApp(CALLER, on.operator, first.appId)
  const apps = await on.authority.listApps()
  expect(apps.map(({ appId, status }) => [appId, status])).toEqual([
    [second.appId, "active"],
    [first.appId, "inactive"],
  ])
})

test("an update takes effect at once and is recorded, with a separate event for a new ceiling", async () => {
  await using on = await testAuthority()
  const { appId, clientId } = await on.app("crm", ["read:data:*", "write:data:1"])
  on.clock.set(on.clock.now() + 1000)
  const shorter = await on.authority.updateApp(CALLER, on.operator, appId, { tokenTtl: 60 })
  expect(shorter).toMatchObject({ tokenTtl: 60, scopes: ["read:data:*", "write:data:1"], updatedAt: on.clock.now() })
  const policy = (ceiling: string) => `${appId} updated: client ${clientId}, ceiling ${ceiling}, token ttl 60 s`
  const updated = { ...OPERATOR, event_type: "app_updated", detail: policy("read:data:* write:data:1") }
  expect((await on.events()).at(-1)).toMatchObject(updated)
  await on.authority.updateApp(CALLER, on.operator, appId, { scopes: ["write:data:1", "read:data:*"] })
  expect((await on.events()).at(-1)).toMatchObject({ event_type: "app_updated" })
  await on.authority.updateApp(CALLER, on.operator, appId, { scopes: ["read:data:*"] })
  const ceiling = `ceiling of ${appId}: write:data:1 read:data:* became read:data:*`
  expect((await on.events()).slice(-2)).toMatchObject([
    { ...OPERATOR, event_type: "app_updated", detail: policy("read:data:*") },
    { ...OPERATOR, event_type: "scopes_ceiling_updated", detail: ceiling },
  ])
})

test("concurrent updates all take effect, one after the other", async () => {
  await using on = await testAuthority()
  const { appId } = await on.app()
  const ttls = Array.from({ length: 10 }, (_, at) => 60 + at)
  await Promise.all(ttls.map((tokenTtl) => on.authority.updateApp(CALLER, on.operator, appId, { tokenTtl })))
  expect((await on.store.records.app(appId))?.revision).toBe(11)
  expect((await on.events()).filter(({ event_type }) => event_type === "app_updated")).toHaveLength(10)
})

test("an unknown app is refused, and so is a change to an inactive one", async () => {
  await using on = await testAuthority()
  for (const appId of [undefined, "app-none-000000"]) {
    await on.refused(() => on.authority.getApp(appId), NOT_FOUND, [])
    const update = () => on.authority.updateApp(CALLER, on.operator, appId, { tokenTtl: 60 })
    await on.refused(update, NOT_FOUND, [{ event_type: "app_updated", agent_id: "admin" }])
    const deregister = () => on.authority.deregisterApp(CALLER, on.operator, appId)
    await on.refused(deregister, NOT_FOUND, [{ event_type: "app_deregistered", agent_id: "admin" }])
  }
  const { appId } = await on.app()
  await on.authority.deregisterApp(CALLER, on.operator, appId)
  const update = () => on.authority.updateApp(CALLER, on.operator, appId, { tokenTtl: 60 })
  const hint = "register another app: a deregistration is final"
  const denied = [{ event_type: "app_updated", agent_id: "admin" } as const]
  await on.refused(update, { code: "conflict", detail: `${appId} is inactive`, hint }, denied)
})

test("a deregistration revokes the app's tokens; a second one answers the same", async () => {
  await using on = await testAuthority()
  const { appId, accessToken, agent } = await on.app()
  const ofApp = await agent()
  on.clock.set(on.clock.now() + 1000)
  const answer = await on.authority.deregisterApp(CALLER, on.operator, appId)
  expect(answer).toEqual({ appId, status: "inactive", deregisteredAt: on.clock.now() })
  expect(await on.authority.validateToken(CALLER, accessToken)).toBeUndefined()
  expect(await on.authority.validateToken(CALLER, ofApp.accessToken)).toEqual(ofApp.claims)
  on.clock.set(on.clock.now() + 1000)
  expect(await on.authority.deregisterApp(CALLER, on.operator, appId)).toEqual(answer)
  const details = (await on.events()).filter(({ event_type }) => event_type === "app_deregistered")
  expect(details.map(({ detail }) => detail)).toEqual([
    `${appId} deregistered, its tokens revoked`,
    `${appId} was already deregistered`,
  ])
})

test("a sign-in answers a token with an app's scope, for the app's TTL within the limit", async () => {
  await using on = await testAuthority({ settings: { maxTtl: 1000 } })
  const { appId, clientId, clientSecret } = await on.app()
  const signedIn = await on.authority.signInApp(CALLER, { clientId, clientSecret })
  expect(signedIn).toMatchObject({ expiresIn: 1000, scopes: APP_SCOPES })
  const claims = await on.claimsOf(signedIn.accessToken, "app")
  expect(claims).toMatchObject({ sub: `app:${appId}`, kind: "app", scope: APP_SCOPES })
  const detail = `app signed in, token ${claims.jti} for 1000 s`
  expect((await on.events()).at(-1)).toMatchObject({
    event_type: "app_authenticated",
    agent_id: `app:${appId}`,
    detail,
  })
})

test("an unknown client, a wrong secret and an inactive app get one answer; the trail tells them apart", async () => {
  await using on = await testAuthority()
  const { appId, clientId, clientSecret } = await on.app()
  const attempt = (request: { clientId: string; clientSecret: string }, reason: string) =>
    on.refused(
      () => on.authority.signInApp(CALLER, request),
      { code: "unauthorized", detail: "sign-in failed", hint: expect.stringContaining("check the client id"), reason },
      [{ event_type: "app_auth_failed" }],
    )
  await attempt({ clientId: clientSecret, clientSecret }, "unknown client")
  await attempt({ clientId, clientSecret: "" }, `wrong secret for ${appId}`)
  await on.authority.deregisterApp(CALLER, on.operator, appId)
  await attempt({ clientId, clientSecret }, `${appId} is inactive`)
  await attempt({ clientId, clientSecret: "wrong" }, `wrong secret for ${appId}`)
})
