import { FEED_FRESHNESS_S, revocationDigest } from "@agentwrit/core"
import { fakeTimeOfFile } from "@agentwrit/testing/fake-time"
import { expect, test, vi } from "vitest"
import { Revocations } from "../../src/verify/revocations.ts"

const time = fakeTimeOfFile()
const seconds = () => Math.floor(Date.now() / 1000)
const digest = revocationDigest("token", "0".repeat(32))
const entry = {
  seq: 1,
  level: "token",
  digest: Buffer.from(digest).toString("base64url"),
  exp: seconds() + 300,
} as const
const terms = { maxStalenessMs: 30_000, clockToleranceS: 0 }

function joined({ maxStalenessMs = 30_000 } = {}): Revocations {
  const revocations = new Revocations({ ...terms, maxStalenessMs })
  const iat = seconds()
  const message = { from: 0, to: 1, head: 1, reset: true, entries: [entry], iat, fresh_until: iat + FEED_FRESHNESS_S }
  revocations.apply(message)
  return revocations
}

const heartbeat = (iat: number) => ({
  from: 1,
  to: 1,
  head: 1,
  reset: false,
  entries: [],
  iat,
  fresh_until: iat + FEED_FRESHNESS_S,
})

test("a clock that was ahead for a while makes no entry forgotten that still matters", () => {
  const revocations = joined()
  const iat = seconds()
  vi.setSystemTime(Date.now() + 86_400_000)
  // Expired entries are removed when a message comes.
  revocations.apply(heartbeat(iat))
  expect(revocations.unavailable?.code).toBe("feed_stale")
  vi.setSystemTime(iat * 1000)
  revocations.apply(heartbeat(iat))
  expect(revocations.unavailable).toBeUndefined()
  expect(revocations.set.has(digest)).toBe(true)
})

test("an entry is removed some time after it expired", async () => {
  const revocations = joined()
  expect(revocations.set.size).toBeGreaterThan(0)
  await time.pass(599_000)
  revocations.apply(heartbeat(seconds()))
  expect(revocations.set.size).toBeGreaterThan(0)
  await time.pass(3_000)
  revocations.apply(heartbeat(seconds()))
  expect(revocations.set.size).toBe(0)
})

test("a clock that is set back does not make old messages fresh", async () => {
  const revocations = joined({ maxStalenessMs: 2_000 })
  const now = Date.now()
  await time.pass(1_999)
  vi.setSystemTime(now)
  expect(revocations.unavailable).toBeUndefined()
  await time.pass(1)
  vi.setSystemTime(now)
  expect(revocations.unavailable?.code).toBe("feed_stale")
})
