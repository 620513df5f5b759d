import { expect, test, vi } from "vitest"
import { Refusal, type Store } from "../../src/index.ts"
import { TokenBucket } from "../../src/trail/token-bucket.ts"
import { TrailQuota } from "../../src/trail/trail-quota.ts"
import { CALLER, testAuthority } from "../test-authority.ts"

const MIB = 1024 * 1024

/** Repeats an action until it is refused. A quota that does not exist ends the test. */
async function untilRefused(act: () => Promise<unknown>): Promise<Refusal> {
  for (let done = 0; done < 1_000; done++) {
    try {
      await act()
    } catch (error) {
      if (error instanceof Refusal) return error
      throw error
    }
  }
  return expect.fail("nothing was refused")
}

/** Bytes of the whole trail. */
async function bytesOf({ trail }: Store): Promise<number> {
  let bytes = 0
  for (let offset = 0; offset < (await trail.size()); offset += 100)
    bytes += Buffer.byteLength(JSON.stringify((await trail.events({ limit: 100, offset })).events))
  return bytes
}

const wide = Array.from({ length: 200 }, (_, nth) => `read:data:${"x".repeat(120)}-${nth}`)

// Before: one app wrote as much as the disk took, 8 MB a second.
test("an app that launches without end is refused after 8 MiB of events, until 64 KiB a second have come back", async () => {
  await using on = await testAuthority()
  const [hostile, honest] = [await on.app("hostile"), await on.app("honest")]
  const request = { agentName: "worker", allowedScope: wide }
  const before = await bytesOf(on.store)
  const refusal = await untilRefused(() => on.authority.createAppLaunchToken(CALLER, hostile.claims, request))
  expect(refusal).toMatchObject({ code: "rate_limited", retryAfter: 1 })
  const written = (await bytesOf(on.store)) - before
  expect(written).toBeGreaterThan(7 * MIB)
  expect(written).toBeLessThan(8 * MIB)

  await on.authority.createAppLaunchToken(CALLER, honest.claims, request)
  await on.authority.createLaunchToken(CALLER, on.operator, request)
  await expect(on.authority.createAppLaunchToken(CALLER, hostile.claims, request)).rejects.toThrow(Refusal)
  on.clock.set(on.clock.now() + 1000)
  await on.authority.createAppLaunchToken(CALLER, hostile.claims, request)
})

test("agents that share a launch token of an operator are refused together", async () => {
  await using on = await testAuthority()
  const launchToken = await on.launch({ singleUse: false, allowedScope: ["read:data:*"] })
  const register = () => on.authority.register(CALLER, on.request(launchToken, { requestedScope: wide }))
  expect(await untilRefused(register)).toMatchObject({ code: "rate_limited" })
  await on.agent()
})

test("refusals beyond the quota are counted instead of written", async () => {
  await using on = await testAuthority()
  const { claims } = await on.app()
  const launch = () => on.authority.createAppLaunchToken(CALLER, claims, { agentName: "worker", allowedScope: wide })
  await untilRefused(launch)
  const size = await on.store.trail.size()
  for (let nth = 0; nth < 100; nth++) await expect(launch()).rejects.toMatchObject({ code: "rate_limited" })
  expect(await on.store.trail.size()).toBeLessThan(size + 100)
})

test("what an agent changes counts for the agent, what is registered counts for the app", async () => {
  const acquired = vi.spyOn(TrailQuota.prototype, "acquire")
  await using on = await testAuthority()
  const app = await on.app()
  acquired.mockClear()
  const [agent, delegate] = [await app.agent(), await app.agent()]
  await on.delegate(agent.claims, delegate.agentId)
  const { accessToken } = await on.authority.renewToken(CALLER, agent.claims)
  await on.authority.releaseToken(CALLER, await on.claimsOf(accessToken))
  const subjects = acquired.mock.calls.flatMap(([found]) => found.map(({ name }) => name))
  const counted = (subject: string) => subjects.filter((name) => name === subject).length
  // Two launch tokens and two registrations.
  expect([counted(`app:${app.appId}`), counted(agent.agentId), counted("admin")]).toEqual([4, 3, 0])
  acquired.mockRestore()
})

// Before: the holder of one reusable launch token used up the quota of its app, and no other agent could register.
test("a reusable launch token uses a quarter of its app's quota", async () => {
  await using on = await testAuthority()
  const app = await on.app()
  const policy = { agentName: "worker", allowedScope: ["read:data:*"], singleUse: false, ttl: 600 }
  const { launchToken } = await on.authority.createAppLaunchToken(CALLER, app.claims, policy)
  const register = () => on.authority.register(CALLER, on.request(launchToken, { requestedScope: wide }))
  const before = await bytesOf(on.store)
  expect(await untilRefused(register)).toMatchObject({ code: "rate_limited" })
  const written = (await bytesOf(on.store)) - before
  expect(written).toBeGreaterThan(1.5 * MIB)
  expect(written).toBeLessThan(2 * MIB)
  await app.agent()
})

// Before: requests whose commit failed used up the quota, so that a race which an agent lost counted as trail.
test("what was not committed does not count", async () => {
  await using on = await testAuthority()
  const { claims } = await on.agent()
  const taken = vi.spyOn(TokenBucket.prototype, "take")
  const givenBack = vi.spyOn(TokenBucket.prototype, "release")
  const renewals = Array.from({ length: 5 }, () => on.authority.renewToken(CALLER, claims))
  expect((await Promise.allSettled(renewals)).filter(({ status }) => status === "fulfilled")).toHaveLength(1)
  const sizes = taken.mock.calls.map(([, bytes]) => bytes).slice(0, 5)
  expect(givenBack.mock.calls.map(([bytes]) => bytes)).toEqual(sizes.slice(1))
  taken.mockRestore()
  givenBack.mockRestore()
})
