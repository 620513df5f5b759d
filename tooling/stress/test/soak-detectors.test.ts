import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, call, launchToken } from "@agentwrit/testing/client"
import { type FeedStream, openFeed } from "@agentwrit/testing/feed"
import { expect, test } from "vitest"
import { withFault } from "../src/planted-fault.ts"
import { type Figures, figuresOf, metricOf } from "../src/process-figures.ts"
import { PROFILES } from "../src/profile.ts"
import { Report } from "../src/report.ts"
import { soakBroker } from "../src/soak.ts"
import { growth, leak } from "../src/soak-bounds.ts"
import { Stage } from "../src/stage.ts"

const LONG = { timeout: 90_000 }

/** A soak of some seconds that ends at `deadline`. */
async function soaked(seconds: number, deadline: number, environment: Record<string, string> = {}): Promise<Report> {
  const short = PROFILES["short"]
  if (short === undefined) throw new TypeError("no such profile")
  const report = new Report("short")
  const profile = { ...short, soak: { warmUp: deadline < Number.POSITIVE_INFINITY, seconds } }
  await soakBroker(new Stage({ profile, report, seed: 1, replay: false, deadline }), environment)
  return report
}

test("soak sees a broker that leaks memory and handles, and never empties its WAL", LONG, async () => {
  const environment = withFault("leaks at each commit", "never empties its WAL")
  const { failures } = await soaked(6, Number.POSITIVE_INFINITY, environment)
  for (const sign of [/handles .* grew/, /wal .* grew/, /soak: \S+ MiB left behind by \d+ operations, more/])
    expect(failures.join("\n")).toMatch(sign)
})

test("soak says what it had no time for", LONG, async () => {
  const { failures, notRun, rows } = await soaked(60, performance.now() + 4000)
  expect(failures).toEqual([])
  expect(notRun).toEqual([
    expect.stringMatching(/^soak: the bound of a warm broker, which it was not after \d s$/),
    expect.stringMatching(/^soak: 30 of 30 samples, because the time was up$/),
  ])
  expect(rows[0]?.notes).toContain("0 s")
})

test("soak reads its figures from the broker that runs", LONG, async () => {
  await using folder = await brokerFolder()
  await using broker = await startBroker(folder, withFault("stalls at a challenge"))
  const admin = await adminToken(broker.url)
  const before = await figuresOf(broker, folder.path)
  const streams: FeedStream[] = []
  for (let opened = 0; opened < 50; opened++) streams.push(await openFeed(broker.url))
  for (let issued = 0; issued < 20; issued++) await launchToken(broker.url, admin)
  const after = await figuresOf(broker, folder.path)
  // So often that the 99th percentile of a second holds them.
  for (let stalled = 0; stalled < 3; stalled++) await call(broker.url, "GET /v1/challenge")
  // The process' own metrics are a second old at most.
  const delay = async (): Promise<number> => (await figuresOf(broker, folder.path)).delay
  await expect.poll(delay, { timeout: 5000 }).toBeGreaterThan(250)
  for (const stream of streams) stream[Symbol.dispose]()
  expect(after.handles - before.handles).toBeGreaterThanOrEqual(45)
  expect(after.handles - before.handles).toBeLessThanOrEqual(60)
  // A page of 4 KiB at least for each commit.
  expect(after.wal - before.wal).toBeGreaterThan((20 * 4096) / 2 ** 20)
  expect(after.delay).toBeLessThan(250)
  expect(after.memory).toBeGreaterThan(50)
  await expect(metricOf(broker.url, "a_metric_that_was_renamed")).rejects.toThrow(/is undefined, no figure/)
})

test("soak sees what grows", () => {
  const flat: Figures = { memory: 100, handles: 40, wal: 4, delay: 20 }
  const found = (what: keyof Figures, at: (sample: number) => number) =>
    growth(Array.from({ length: 30 }, (_, sample) => ({ ...flat, [what]: at(sample) }))).flatMap(
      ({ problems }) => problems,
    )
  expect(found("memory", (sample) => (sample < 10 ? 50 + 10 * sample : 150))).toEqual([])
  expect(found("memory", (sample) => 100 + 6 * sample)).toEqual(["memory 190.0 → 250.0 grew by more than 32"])
  expect(found("handles", (sample) => 40 + 2 * sample)).toEqual(["handles 70.0 → 90.0 grew by more than 16"])
  expect(found("wal", (sample) => 4 + sample)).toEqual(["wal 19.0 → 29.0 grew by more than 8"])
  expect(found("delay", (sample) => 20 + 11 * sample)).toEqual(["delay 185.0 → 295.0 grew by more than 100"])
  expect(found("delay", () => Number.NaN)).toHaveLength(1)
  expect(() => growth([flat, flat])).toThrow(RangeError)
})

test("soak sees what operations leave behind", () => {
  const found = (bytes: number, operations: number, isWarm: boolean) =>
    leak(
      [100_000, 100_000 + bytes].map((of, at) => ({ bytes: of, operations: at * operations })),
      isWarm,
    ).problems
  expect(found(2_600_000, 1000, true)).toEqual([])
  expect(found(2_700_000, 1000, true)).toEqual(["2.6 MiB left behind by 1000 operations, more than 2.5 MiB"])
  expect(found(6_100_000, 1000, false)).toEqual([])
  expect(found(6_300_000, 1000, false)).toHaveLength(1)
  expect(found(0, 0, true)).toEqual(["nothing was acknowledged"])
  expect(() => leak([], true)).toThrow(RangeError)
})
