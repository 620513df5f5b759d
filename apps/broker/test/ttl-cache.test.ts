import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { TtlCache } from "../src/ttl-cache.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it("makes a value once until it is too old, also for concurrent calls", async () => {
  const kept = new TtlCache<number>(100)
  const made = Promise.withResolvers<number>()
  const make = vi.fn(() => made.promise)
  const asked = [kept.get(make), kept.get(make)]
  await vi.advanceTimersByTimeAsync(500)
  made.resolve(1)
  expect(await Promise.all([...asked, kept.get(make)])).toEqual([1, 1, 1])
  await vi.advanceTimersByTimeAsync(99)
  expect(await kept.get(make)).toBe(1)
  expect(make).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(await kept.get(async () => 2)).toBe(2)
})

it("tries again after a failure, after the same time", async () => {
  const kept = new TtlCache<number>(100)
  const failing = async () => {
    throw new Error("not now")
  }
  await expect(kept.get(failing)).rejects.toThrow("not now")
  await vi.advanceTimersByTimeAsync(100)
  expect(await kept.get(async () => 1)).toBe(1)
})
