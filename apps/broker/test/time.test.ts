import { expect, test } from "vitest"
import { ask, brokerFolder, launchToken, registration, signIn } from "./in-process.ts"

test("a nonce is good for thirty seconds, and no second longer", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const token = await launchToken(app, await signIn(app), { single_use: false })
  const start = folder.clock.now()
  const early = await registration(app, token)
  const late = await registration(app, token)
  folder.clock.set(start + 29_999)
  expect((await ask(app, "POST /v1/register", { json: early })).status).toBe(200)
  folder.clock.set(start + 30_000)
  expect((await ask(app, "POST /v1/register", { json: late })).status).toBe(401)
  expect(broker.bugs).toEqual([])
})

test("a clock that is stepped back gives no nonce a longer life, and none a second use", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const token = await launchToken(app, await signIn(app), { single_use: false, ttl: 86_400 })
  const start = folder.clock.now()
  folder.clock.set(start + 3_600_000)
  const [used, unused] = [await registration(app, token), await registration(app, token)]
  expect((await ask(app, "POST /v1/register", { json: used })).status).toBe(200)
  folder.clock.set(start)
  expect((await ask(app, "POST /v1/register", { json: unused })).status).toBe(401)
  folder.clock.set(start + 3_600_000)
  expect((await ask(app, "POST /v1/register", { json: used })).status).toBe(401)
})

test("a token is good from nbf on and until exp, and a renewal grants its original TTL", async () => {
  await using folder = await brokerFolder()
  await using broker = await folder.open()
  const { app } = broker
  const json = await registration(app, await launchToken(app, await signIn(app)), { requested_ttl: 60 })
  const { access_token } = (await ask(app, "POST /v1/register", { json })).body
  const valid = async (token: string) => (await ask(app, "POST /v1/token/validate", { json: { token } })).body.valid
  const start = folder.clock.now()
  folder.clock.set(start - 1000)
  expect(await valid(access_token)).toBe(false)
  folder.clock.set(start + 59_999)
  expect(await valid(access_token)).toBe(true)
  const renewed = (await ask(app, "POST /v1/token/renew", { bearer: access_token })).body
  expect(renewed.expires_in).toBe(60)
  folder.clock.set(start + 60_000)
  expect([await valid(access_token), await valid(renewed.access_token)]).toEqual([false, true])
  folder.clock.set(start + 119_000)
  expect(await valid(renewed.access_token)).toBe(false)
  // A released or superseded token that comes back to life by a stepped clock stays dead.
  folder.clock.set(start)
  expect(await valid(access_token)).toBe(false)
})

test.each([
  [{ max_ttl: 600 }, { requested_ttl: 9999 }, { maxTtl: 86_400 }, 600],
  [{ max_ttl: 600 }, {}, { maxTtl: 86_400 }, 600],
  [{ max_ttl: 600 }, { requested_ttl: 5 }, { maxTtl: 86_400 }, 5],
  [{ max_ttl: 600 }, { requested_ttl: 9999 }, { maxTtl: 120 }, 120],
  [{ max_ttl: 600_000 }, {}, { maxTtl: 0 }, 600_000],
  [{}, {}, { defaultTtl: 77 }, 77],
])("launch token %o and registration %o under %o grant %i s", async (policy, changes, settings, granted) => {
  await using folder = await brokerFolder()
  await using broker = await folder.open({ settings })
  const { app } = broker
  const json = await registration(app, await launchToken(app, await signIn(app), policy), changes)
  expect((await ask(app, "POST /v1/register", { json })).body.expires_in).toBe(granted)
})
