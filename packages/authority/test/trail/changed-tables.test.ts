import { MemoryData, MemoryStore } from "@agentwrit/store-memory"
import { settableClock } from "@agentwrit/testing/settable-clock"
import { describe, expect, test, vi } from "vitest"
import { memoryCustody, type Observer } from "../../src/index.ts"
import { CALLER, SIGNING_KEY, testAuthority } from "../test-authority.ts"

/** A closed broker with an app, an agent's token and a rotated key, whose tables are compared when the test says so. */
async function closedBroker(revocations: number) {
  const clock = settableClock()
  const data = new MemoryData()
  const keys = memoryCustody(SIGNING_KEY, clock)
  const before = await testAuthority({ store: new MemoryStore({ data, clock }), clock, keys })
  const { clientId, clientSecret } = await before.app()
  const { accessToken } = await before.agent()
  await before.authority.rotateKey(CALLER, before.operator, { signsIn: 0, force: true })
  await before.authority.close()
  clock.set(clock.now() + 1000)
  const store = new MemoryStore({ data, clock })
  const compared = Promise.withResolvers<boolean>()
  const verified = Promise.withResolvers<string | undefined>()
  vi.spyOn(store.revocations, "count").mockResolvedValue(revocations)
  const tablesMatch = vi.spyOn(store.trail, "tablesMatch").mockReturnValueOnce(compared.promise)
  const verify = vi.spyOn(store.trail, "verify").mockReturnValueOnce(verified.promise)
  return {
    store,
    compared,
    verified,
    tablesMatch,
    verify,
    open: (observer: Observer = {}) => testAuthority({ store, clock, keys, observer }),
    isGood: async ({ authority }: Opened) => (await authority.validateToken(CALLER, accessToken)) !== undefined,
    signInApp: ({ authority }: Opened) => authority.signInApp(CALLER, { clientId, clientSecret }),
  }
}

type Opened = Awaited<ReturnType<typeof testAuthority>>

const publishedKeys = ({ authority }: Opened): number => authority.jwkSet().keys.length

describe("a store with more than 100,000 revocations", () => {
  test("is served at once, and locked as soon as a changed row is found", async () => {
    const broker = await closedBroker(100_001)
    await using on = await broker.open()
    expect(await broker.isGood(on)).toBe(true)
    await broker.signInApp(on)
    expect(publishedKeys(on)).toBe(2)
    broker.compared.resolve(false)
    await expect.poll(() => broker.isGood(on)).toBe(false)
    await expect(broker.signInApp(on)).rejects.toMatchObject({ code: "unauthorized" })
    expect(publishedKeys(on)).toBe(1)
    expect(on.authority.health().auditChain).toBe("verifying")
    broker.verified.resolve("a revocation is missing")
    await expect
      .poll(() => on.authority.health())
      .toMatchObject({
        auditChain: "broken",
        trailProblem: "a revocation is missing",
      })
    await expect(broker.signInApp(on)).rejects.toMatchObject({ code: "unauthorized" })
    expect(await on.authority.listApps()).toHaveLength(1)
  })

  test("is unlocked and sealed when the verification finds no fault in the changed rows", async () => {
    const broker = await closedBroker(100_001)
    const accept = vi.spyOn(broker.store.trail, "acceptTables")
    await using on = await broker.open()
    broker.compared.resolve(false)
    broker.verified.resolve(undefined)
    await expect.poll(() => on.authority.health().auditChain).toBe("ok")
    expect(accept).toHaveBeenCalledOnce()
    on.clock.set(on.clock.now() + 1000)
    await broker.signInApp(on)
    expect(publishedKeys(on)).toBe(2)
    // Nobody knows what was revoked before.
    expect(await broker.isGood(on)).toBe(false)
  })

  test("whose rows are unchanged is verified in the background", async () => {
    const broker = await closedBroker(100_001)
    await using on = await broker.open()
    broker.compared.resolve(true)
    broker.verified.resolve(undefined)
    await expect.poll(() => on.authority.health().auditChain).toBe("ok")
    expect(broker.verify.mock.lastCall?.[1]).not.toHaveProperty("atOnce")
    expect(await broker.isGood(on)).toBe(true)
  })

  test("is compared again when the comparison fails", async () => {
    vi.useFakeTimers()
    try {
      const broker = await closedBroker(100_001)
      const told: string[] = []
      broker.tablesMatch.mockReset().mockRejectedValueOnce(new Error("the thread ended")).mockResolvedValueOnce(false)
      const on = await broker.open({ trailUnverified: (cause) => told.push(String(cause)) })
      broker.verified.resolve("a revocation is missing")
      await vi.advanceTimersByTimeAsync(59_000)
      expect(told).toEqual(["Error: the thread ended"])
      expect(await broker.isGood(on)).toBe(true)
      await vi.advanceTimersByTimeAsync(2_000)
      expect(await broker.isGood(on)).toBe(false)
      const closed = on.authority.close()
      await vi.advanceTimersByTimeAsync(100)
      await closed
    } finally {
      vi.useRealTimers()
    }
  })

  test("stops while it is compared", async () => {
    const broker = await closedBroker(100_001)
    const told: unknown[] = []
    const on = await broker.open({ trailUnverified: (cause) => told.push(cause) })
    await expect.poll(() => broker.tablesMatch.mock.calls.length).toBe(1)
    const [, signal] = broker.tablesMatch.mock.lastCall ?? expect.fail()
    signal.addEventListener("abort", () => broker.compared.reject(signal.reason))
    await on.authority.close()
    expect(told).toEqual([])
  })
})

describe("a store with up to 100,000 revocations", () => {
  test("is served once its rows are compared and verified", async () => {
    const broker = await closedBroker(100_000)
    const opened: Opened[] = []
    const opening = broker.open().then((on) => opened.push(on))
    await expect.poll(() => broker.tablesMatch.mock.calls.length).toBe(1)
    broker.compared.resolve(false)
    await expect.poll(() => broker.verify.mock.calls.length).toBe(1)
    expect(opened).toEqual([])
    broker.verified.resolve("a revocation is missing")
    await opening
    const [on = expect.fail()] = opened
    expect(on.authority.health()).toMatchObject({ auditChain: "broken", trailProblem: "a revocation is missing" })
    expect(await broker.isGood(on)).toBe(false)
    await on.authority.close()
  })

  test("is no longer compared when the start fails", async () => {
    const broker = await closedBroker(100_000)
    vi.spyOn(broker.store.trail, "recordsRights").mockRejectedValueOnce(new Error("the disk"))
    broker.tablesMatch.mockReset().mockImplementationOnce(
      (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason))
        }),
    )
    await expect(broker.open()).rejects.toThrow("the disk")
    expect(broker.tablesMatch.mock.lastCall?.[1].aborted).toBe(true)
  })
})
