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

function joined({ maxStalenessMs = 30_000 } = {}) {
  const revocations = new Revocations({ maxStalenessMs })
  const iat = seconds()
  const message = { from: 0, to: 1, head: 1, reset: true, entries: [entry], iat, fresh_until: iat + FEED_FRESHNESS_S }
  const cursor = revocations.resume()
  revocations.apply(message, cursor)
  return { revocations, cursor }
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
  const { revocations, cursor } = joined()
  const iat = seconds()
  vi.setSystemTime(Date.now() + 86_400_000)
  // Expired entries are removed when a message comes.
  revocations.apply(heartbeat(iat), cursor)
  expect(revocations.unavailable?.code).toBe("feed_stale")
  vi.setSystemTime(iat * 1000)
  revocations.apply(heartbeat(iat), cursor)
  expect(revocations.unavailable).toBeUndefined()
  expect(revocations.set.has(digest)).toBe(true)
})

test("an entry is removed some time after it expired", async () => {
  const { revocations, cursor } = joined()
  expect(revocations.set.size).toBeGreaterThan(0)
  await time.pass(599_000)
  revocations.apply(heartbeat(seconds()), cursor)
  expect(revocations.set.size).toBeGreaterThan(0)
  await time.pass(3_000)
  revocations.apply(heartbeat(seconds()), cursor)
  expect(revocations.set.size).toBe(0)
})

test("a clock that is set back does not make old messages fresh", async () => {
  const { revocations } = joined({ maxStalenessMs: 2_000 })
  const now = Date.now()
  await time.pass(1_999)
  vi.setSystemTime(now)
  expect(revocations.unavailable).toBeUndefined()
  await time.pass(1)
  vi.setSystemTime(now)
  expect(revocations.unavailable?.code).toBe("feed_stale")
})

test("two readers of the feed join at their own positions, and the slower one takes nothing back", () => {
  const { revocations, cursor: stream } = joined()
  const poll = revocations.resume()
  const iat = seconds()
  const [third, second] = [3, 2].map((seq) => ({
    ...{ ...entry, seq, exp: seconds() + 300 },
    digest: Buffer.alloc(32, seq).toString("base64url"),
  }))
  if (second === undefined || third === undefined) throw new Error("unreachable")
  const fresh = { reset: false, iat: iat + 5, fresh_until: iat + 5 + FEED_FRESHNESS_S }
  const known = poll.expected === undefined ? [] : [poll.expected]
  revocations.apply({ ...fresh, from: poll.position, to: 3, head: 3, entries: [...known, second, third] }, poll)
  // What a proxy held back: signed before the poll, and it ends before it.
  revocations.apply(heartbeat(iat), stream)
  revocations.apply({ ...fresh, iat, from: 1, to: 2, head: 2, entries: [second] }, stream)
  expect(revocations.unavailable).toBeUndefined()
  expect(revocations.resume()).toMatchObject({ position: 2, expected: third })
  const again = { ...fresh, from: 1, to: 3, head: 3, entries: [second, third] }
  expect(() => revocations.apply(again, stream)).toThrow("begins at 1 instead of 2")
})
