import type { EventDraft } from "@agentwrit/audit"
import { START } from "@agentwrit/testing/settable-clock"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { DenialThrottle } from "../../src/trail/denial-throttle.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function draft(fields: Partial<EventDraft> = {}): EventDraft {
  return { event_type: "token_auth_failed", detail: "no token", outcome: "denied", ...fields }
}

/** A throttle with a clock that stands still until it is set, and everything that it writes. */
function throttling(write: (events: readonly EventDraft[]) => Promise<unknown> = async () => {}) {
  const clock = { at: START, now: () => clock.at }
  const writes: (readonly EventDraft[])[] = []
  const throttle = new DenialThrottle(clock, (events) => {
    writes.push(events)
    return write(events)
  })
  const admitted = (asked: number, source = "10.0.0.1", subject?: string) =>
    Array.from({ length: asked }, () => throttle.admits(source, subject)).filter(Boolean).length
  const details = () => writes.map((events) => events.map(({ detail }) => detail))
  return { clock, throttle, admitted, details }
}

const sources = (count: number) => Array.from({ length: count }, (_, i) => `10.1.${i >> 8}.${i & 255}`)

describe("a separate event", () => {
  test("is written for the first 50 denials of a source, then for one every 12 s", () => {
    const { clock, admitted } = throttling()
    expect(admitted(60)).toBe(50)
    expect(admitted(1, "10.0.0.2")).toBe(1)
    clock.at += 11_999
    expect(admitted(1)).toBe(0)
    clock.at += 1
    expect(admitted(2)).toBe(1)
    clock.at += 3_600_000
    expect(admitted(60)).toBe(50)
  })

  test("is counted separately for each proven subject", () => {
    const { admitted } = throttling()
    expect(admitted(60)).toBe(50)
    expect(admitted(60, "10.0.0.1", "app:one")).toBe(50)
    expect(admitted(60, "10.0.0.1", "app:two")).toBe(50)
    expect(admitted(60, "10.0.0.2", "app:one")).toBe(50)
    expect(admitted(1)).toBe(0)
  })

  test("is not affected by a clock that is stepped back", () => {
    const { clock, admitted } = throttling()
    expect(admitted(10)).toBe(10)
    clock.at -= 3_600_000
    expect(admitted(60)).toBe(40)
  })

  test("is written for 5,000 denials of all sources, then for one every 50 ms", () => {
    const { clock, admitted } = throttling()
    // Denials beyond a source's burst do not use up the burst of all sources.
    expect(admitted(9000)).toBe(50)
    const others = sources(200)
    expect(others.reduce((sum, source) => sum + admitted(50, source), 0)).toBe(4950)
    const fresh = () => admitted(2, `10.2.0.${clock.at % 256}`)
    clock.at += 49
    expect(fresh()).toBe(0)
    clock.at += 1
    expect(fresh()).toBe(1)
  })

  test("is not used up for proven callers by strangers, nor the other way round", () => {
    for (const [flood, victim] of [
      [undefined, "app:one"],
      ["app:one", undefined],
    ] as const) {
      const { admitted } = throttling()
      expect(sources(200).reduce((sum, source) => sum + admitted(50, source, flood), 0)).toBe(5000)
      expect(admitted(60, "10.0.0.1", flood)).toBe(0)
      expect(admitted(60, "10.0.0.1", victim)).toBe(50)
    }
  })
})

describe("with 10,000 sources", () => {
  const all = sources(10_000)

  /** All of them are denied once, at one instant. */
  function crowd() {
    const made = throttling()
    const [first, ...others] = all
    return {
      ...made,
      first: first ?? expect.fail(),
      others,
      ask: () => void all.map((source) => made.admitted(1, source)),
    }
  }

  test("each has its own burst, and one more has none until the quietest has its burst back", () => {
    const { clock, admitted } = throttling()
    for (const source of all.slice(1)) admitted(1, source)
    clock.at += 11_999
    expect(admitted(1, "10.0.0.1")).toBe(1)
    expect(admitted(1, "10.0.0.2")).toBe(0)
    expect(admitted(1, all[5000])).toBe(1)
    clock.at += 1
    expect(admitted(60, "10.0.0.3")).toBe(50)
  })

  test("a new source replaces the least recently used one", () => {
    const { clock, admitted, ask, first } = crowd()
    ask()
    clock.at += 12_000
    expect(admitted(1, first)).toBe(1)
    expect(admitted(1, "10.0.0.1")).toBe(1)
    // It replaced the second source. The first kept its bucket: a new one would admit 50.
    expect(admitted(60, first)).toBe(49)
  })

  test("a source with unwritten denials is not replaced", () => {
    const { clock, throttle, admitted, ask, first } = crowd()
    throttle.count(first, [draft()])
    ask()
    throttle.count(first, [draft()])
    for (const source of all.slice(1)) admitted(1, source)
    clock.at += 60_000
    expect(admitted(1, "10.0.0.1")).toBe(0)
  })

  test("sources without a place share one, which does not keep a source from getting a place", async () => {
    const { clock, throttle, admitted, details, ask } = crowd()
    ask()
    throttle.count("10.0.0.1", [draft()])
    throttle.count("10.0.0.2", [draft()])
    ask()
    clock.at += 60_000
    expect(admitted(1, "10.0.0.3")).toBe(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(details()).toEqual([["no token count=2"]])
  })
})

describe("a denial without a separate event", () => {
  test("is counted in one event a second for each source and type, with the last detail", async () => {
    const { throttle, details } = throttling()
    throttle.count("10.0.0.1", [draft(), draft({ event_type: "scope_violation", detail: "too wide" })])
    throttle.count("10.0.0.1", [draft({ detail: "bad token" })])
    throttle.count("10.0.0.2", [draft()])
    throttle.count("10.0.0.2", [draft({ agent_id: "app:one", detail: "app gone" })])
    await vi.advanceTimersByTimeAsync(999)
    expect(details()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    const first = ["bad token count=2", "too wide count=1", "no token count=1", "app gone count=1"]
    expect(details()).toEqual([first])
    await vi.advanceTimersByTimeAsync(5000)
    expect(details()).toEqual([first])
    throttle.count("10.0.0.1", [draft()])
    await vi.advanceTimersByTimeAsync(1000)
    expect(details()).toEqual([first, ["no token count=1"]])
  })

  test("is written in at most 20 events a second; the rest waits", async () => {
    const { throttle, details } = throttling()
    for (const source of sources(19)) throttle.count(source, [draft()])
    throttle.count("10.0.0.1", [draft(), draft({ event_type: "scope_violation" })])
    for (const source of sources(22).slice(19)) throttle.count(source, [draft(), draft()])
    await vi.advanceTimersByTimeAsync(1000)
    expect(details().map((events) => events.length)).toEqual([20])
    await vi.advanceTimersByTimeAsync(5000)
    expect(details().map((events) => events.length)).toEqual([20, 4])
    expect(details()[1]?.map((detail) => detail.slice(-7))).toEqual(["count=1", "count=2", "count=2", "count=2"])
  })

  test("is counted again when it could not be written", async () => {
    const outcomes = [Promise.reject(new Error("disk full")), Promise.reject(new Error("disk full"))]
    for (const outcome of outcomes) outcome.catch(() => {})
    const { throttle, details } = throttling(() => outcomes.shift() ?? Promise.resolve())
    throttle.count("10.0.0.1", [draft(), draft()])
    await vi.advanceTimersByTimeAsync(1000)
    throttle.count("10.0.0.1", [draft()])
    await vi.advanceTimersByTimeAsync(5000)
    const counted = (count: number) => [`no token count=${count}`]
    expect(details()).toEqual([counted(2), counted(3), counted(3)])
  })
})

describe("close", () => {
  test("writes the rest once, in one event for each type", async () => {
    const { throttle, details } = throttling()
    for (const source of sources(30))
      throttle.count(source, [draft(), draft({ event_type: "scope_violation", detail: source })])
    await throttle.close()
    expect(details()).toEqual([["no token count=30", "10.1.0.29 count=30"]])
    await throttle.close()
    await vi.advanceTimersByTimeAsync(5000)
    expect(details()).toHaveLength(1)
  })

  test("writes nothing when nothing was counted", async () => {
    const { throttle, details } = throttling()
    throttle.admits("10.0.0.1", undefined)
    await throttle.close()
    expect(details()).toEqual([])
  })

  test("waits for the write in progress, and counts its denials again if it fails", async () => {
    const { promise, reject } = Promise.withResolvers<void>()
    const outcomes = [promise]
    const { throttle, details } = throttling(() => outcomes.shift() ?? Promise.resolve())
    throttle.count("10.0.0.1", [draft(), draft()])
    await vi.advanceTimersByTimeAsync(1000)
    const closed = throttle.close()
    reject(new Error("disk full"))
    await closed
    expect(details()).toEqual([["no token count=2"], ["no token count=2"]])
  })
})
