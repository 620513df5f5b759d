import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { sourceOf } from "../src/http/client-source.ts"
import { RateLimit } from "../src/http/rate-limit.ts"

function heapInUse(): number {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
  return process.memoryUsage().heapUsed
}

describe("RateLimit", () => {
  it("uses bounded memory for a million keys, and keeps the limit of an active key", () => {
    const limit = new RateLimit({ burst: 3, refillMs: 60_000 })
    const takes = Array.from({ length: 5 }, () => limit.take("stubborn"))
    expect(takes).toEqual([true, true, true, false, false])
    const before = heapInUse()
    for (let key = 0; key < 1_000_000; key++) {
      limit.take(`key-${key}`)
      if (key % 10_000 === 0) expect(limit.take("stubborn")).toBe(false)
    }
    expect(heapInUse() - before).toBeLessThan(40 * 1024 * 1024)
  })
})

it("a RateLimit that may owe lets those who wait take ahead, up to its bound", () => {
  vi.useFakeTimers({ toFake: ["performance"] })
  onTestFinished(() => void vi.useRealTimers())
  const limit = new RateLimit({ burst: 10, refillMs: 200, mayOweMs: 5_000 })
  const taken = Array.from({ length: 60 }, () => [limit.waitMs("a"), limit.take("a")] as const)
  // 10 at once, 25 within 5 s.
  expect(taken.filter(([, isTaken]) => isTaken).map(([waitMs]) => waitMs)).toEqual([
    ...Array(10).fill(0),
    ...Array.from({ length: 25 }, (_, n) => 200 * (n + 1)),
  ])
  vi.advanceTimersByTime(200)
  expect([limit.take("a"), limit.take("a")]).toEqual([true, false])
})

describe("sourceOf", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:203.0.113.7", "203.0.113.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:0002::", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["1::", "1:0:0:0::/64"],
    ["", ""],
  ])("counts %s as %s", (address, source) => {
    expect(sourceOf(address)).toBe(source)
  })
})
