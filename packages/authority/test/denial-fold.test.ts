import type { EventDraft } from "@agentwrit/audit"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { DenialFold } from "../src/denial-fold.ts"
import { START } from "../src/store-suite/fixtures.ts"

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function draft(fields: Partial<EventDraft> = {}): EventDraft {
  return { event_type: "token_auth_failed", detail: "no token", outcome: "denied", ...fields }
}

/** A fold at an instant that stands still until it is set, and all that it writes. */
function folding(write: (events: readonly EventDraft[]) => Promise<unknown> = async () => {}) {
  const clock = { at: START, now: () => clock.at }
  const writes: (readonly EventDraft[])[] = []
  const fold = new DenialFold(clock, (events) => {
    writes.push(events)
    return write(events)
  })
  const admitted = (asked: number, source = "10.0.0.1", subject?: string) =>
    Array.from({ length: asked }, () => fold.admits(source, subject)).filter(Boolean).length
  const details = () => writes.map((events) => events.map(({ detail }) => detail))
  return { clock, fold, admitted, details }
}

const sources = (count: number) => Array.from({ length: count }, (_, i) => `10.1.${i >> 8}.${i & 255}`)

describe("an event of its own", () => {
  test("is for the first fifty denials of a source, and then for one each twelve seconds", () => {
    const { clock, admitted } = folding()
    expect(admitted(60)).toBe(50)
    expect(admitted(1, "10.0.0.2")).toBe(1)
    clock.at += 11_999
    expect(admitted(1)).toBe(0)
    clock.at += 1
    expect(admitted(2)).toBe(1)
    clock.at += 3_600_000
    expect(admitted(60)).toBe(50)
  })

  test("is counted apart for each who proved who they are", () => {
    const { admitted } = folding()
    expect(admitted(60)).toBe(50)
    expect(admitted(60, "10.0.0.1", "app:one")).toBe(50)
    expect(admitted(60, "10.0.0.1", "app:two")).toBe(50)
    expect(admitted(60, "10.0.0.2", "app:one")).toBe(50)
    expect(admitted(1)).toBe(0)
  })

  test("is neither given nor taken by a clock that is stepped back", () => {
    const { clock, admitted } = folding()
    expect(admitted(10)).toBe(10)
    clock.at -= 3_600_000
    expect(admitted(60)).toBe(40)
  })

  test("is for five thousand over all sources, and then for one each 50 ms", () => {
    const { clock, admitted } = folding()
    // What a source is refused takes nothing from the others.
    expect(admitted(9000)).toBe(50)
    const others = sources(200)
    expect(others.reduce((sum, source) => sum + admitted(50, source), 0)).toBe(4950)
    const fresh = () => admitted(2, `10.2.0.${clock.at % 256}`)
    clock.at += 49
    expect(fresh()).toBe(0)
    clock.at += 1
    expect(fresh()).toBe(1)
  })

  test("is not taken from those who proved who they are by those who did not, nor the other way round", () => {
    for (const [flood, victim] of [
      [undefined, "app:one"],
      ["app:one", undefined],
    ] as const) {
      const { admitted } = folding()
      expect(sources(200).reduce((sum, source) => sum + admitted(50, source, flood), 0)).toBe(5000)
      expect(admitted(60, "10.0.0.1", flood)).toBe(0)
      expect(admitted(60, "10.0.0.1", victim)).toBe(50)
    }
  })
})

describe("of ten thousand sources", () => {
  const all = sources(10_000)

  /** All of them asked once, at one instant. */
  function crowd() {
    const made = folding()
    const [first, ...others] = all
    return {
      ...made,
      first: first ?? expect.fail(),
      others,
      ask: () => void all.map((source) => made.admitted(1, source)),
    }
  }

  test("each is told apart, and one more has no event of its own until one was quiet long enough", () => {
    const { clock, admitted } = folding()
    for (const source of all.slice(1)) admitted(1, source)
    clock.at += 11_999
    expect(admitted(1, "10.0.0.1")).toBe(1)
    expect(admitted(1, "10.0.0.2")).toBe(0)
    expect(admitted(1, all[5000])).toBe(1)
    clock.at += 1
    expect(admitted(60, "10.0.0.3")).toBe(50)
  })

  test("the one that was quiet longest gives its place", () => {
    const { clock, admitted, ask, first } = crowd()
    ask()
    clock.at += 12_000
    expect(admitted(1, first)).toBe(1)
    expect(admitted(1, "10.0.0.1")).toBe(1)
    // That took the place of the second, and left the first what it had: it would have fifty again otherwise.
    expect(admitted(60, first)).toBe(49)
  })

  test("none gives its place while what it was denied is not written", () => {
    const { clock, fold, admitted, ask, first } = crowd()
    fold.fold(first, [draft()])
    ask()
    fold.fold(first, [draft()])
    for (const source of all.slice(1)) admitted(1, source)
    clock.at += 60_000
    expect(admitted(1, "10.0.0.1")).toBe(0)
  })

  test("those without a place are counted together, and never stand in the way of one that gets a place", async () => {
    const { clock, fold, admitted, details, ask } = crowd()
    ask()
    fold.fold("10.0.0.1", [draft()])
    fold.fold("10.0.0.2", [draft()])
    ask()
    clock.at += 60_000
    expect(admitted(1, "10.0.0.3")).toBe(1)
    await vi.advanceTimersByTimeAsync(1000)
    expect(details()).toEqual([["no token source=others count=2"]])
  })
})

describe("what has no event of its own", () => {
  test("is counted in one event a second for each source and kind, told by the last of them", async () => {
    const { fold, details } = folding()
    fold.fold("10.0.0.1", [draft(), draft({ event_type: "scope_violation", detail: "too wide" })])
    fold.fold("10.0.0.1", [draft({ detail: "bad token" })])
    fold.fold("10.0.0.2", [draft()])
    fold.fold("10.0.0.2", [draft({ agent_id: "app:one", detail: "app gone" })])
    await vi.advanceTimersByTimeAsync(999)
    expect(details()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    const first = [
      "bad token source=10.0.0.1 count=2",
      "too wide source=10.0.0.1 count=1",
      "no token source=10.0.0.2 count=1",
      "app gone source=10.0.0.2 count=1",
    ]
    expect(details()).toEqual([first])
    await vi.advanceTimersByTimeAsync(5000)
    expect(vi.getTimerCount()).toBe(0)
    fold.fold("10.0.0.1", [draft()])
    await vi.advanceTimersByTimeAsync(1000)
    expect(details()).toEqual([first, ["no token source=10.0.0.1 count=1"]])
  })

  test("takes twenty events a second at most, and the rest waits", async () => {
    const { fold, details } = folding()
    for (const source of sources(19)) fold.fold(source, [draft()])
    fold.fold("10.0.0.1", [draft(), draft({ event_type: "scope_violation" })])
    for (const source of sources(22).slice(19)) fold.fold(source, [draft(), draft()])
    await vi.advanceTimersByTimeAsync(1000)
    expect(details().map((events) => events.length)).toEqual([20])
    await vi.advanceTimersByTimeAsync(5000)
    expect(details().map((events) => events.length)).toEqual([20, 4])
    expect(details()[1]?.map((detail) => detail.slice(-7))).toEqual(["count=1", "count=2", "count=2", "count=2"])
  })

  test("is still counted when it could not be written", async () => {
    const outcomes = [Promise.reject(new Error("disk full")), Promise.reject(new Error("disk full"))]
    for (const outcome of outcomes) outcome.catch(() => {})
    const { fold, details } = folding(() => outcomes.shift() ?? Promise.resolve())
    fold.fold("10.0.0.1", [draft(), draft()])
    await vi.advanceTimersByTimeAsync(1000)
    fold.fold("10.0.0.1", [draft()])
    await vi.advanceTimersByTimeAsync(5000)
    const counted = (count: number) => [`no token source=10.0.0.1 count=${count}`]
    expect(details()).toEqual([counted(2), counted(3), counted(3)])
  })
})

describe("the end", () => {
  test("writes what is left, in one event for each kind, once", async () => {
    const { fold, details } = folding()
    for (const source of sources(30))
      fold.fold(source, [draft(), draft({ event_type: "scope_violation", detail: source })])
    await fold.close()
    expect(details()).toEqual([["no token count=30", "10.1.0.29 count=30"]])
    await fold.close()
    await vi.advanceTimersByTimeAsync(5000)
    expect(details()).toHaveLength(1)
  })

  test("writes nothing when nothing is left", async () => {
    const { fold, details } = folding()
    fold.admits("10.0.0.1", undefined)
    await fold.close()
    expect(details()).toEqual([])
  })

  test("waits for what is being written, and counts it again if that fails", async () => {
    const { promise, reject } = Promise.withResolvers<void>()
    const outcomes = [promise]
    const { fold, details } = folding(() => outcomes.shift() ?? Promise.resolve())
    fold.fold("10.0.0.1", [draft(), draft()])
    await vi.advanceTimersByTimeAsync(1000)
    const closed = fold.close()
    reject(new Error("disk full"))
    await closed
    expect(details()).toEqual([["no token source=10.0.0.1 count=2"], ["no token count=2"]])
  })
})
