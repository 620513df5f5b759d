import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { Random } from "@agentwrit/testing/random"
import { metricOf } from "./clock.ts"
import { LONG_TTLS } from "./crashes.ts"
import { residentMib } from "./floods.ts"
import { COLLECTABLE, garbageCollector } from "./garbage.ts"
import { check } from "./ledger/check.ts"
import { Ledger } from "./ledger/ledger.ts"
import { Load } from "./ledger/load.ts"
import type { Scenario } from "./stage.ts"

const CLIENTS = 4

const WARM_UP_MS = 10_000

const SAMPLES = 30

/** How much the last third of the samples may lie above the one before. */
const MAX_GROWTH = { memoryMib: 32, descriptors: 16, walMib: 8, loopDelayMs: 100 }

/** The state of the broker's process. */
export type Sample = Readonly<Record<keyof typeof MAX_GROWTH, number>>

/** A long mixed run: nothing grows after the start. */
export const soak: Scenario = {
  name: "soak",
  async run(stage) {
    const seed = stage.seed()
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet", ...LONG_TTLS, ...COLLECTABLE })
    const { url, child } = broker
    const collectGarbage = await garbageCollector(broker)
    const admin = await adminToken(url)
    const ledger = new Ledger()
    const load = new Load(url, admin, ledger, new Random(seed))
    load.start(CLIENTS)
    // Caches fill at first.
    await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS))
    const samples: Sample[] = []
    while (samples.length < SAMPLES && !stage.isOver) {
      await new Promise((resolve) => setTimeout(resolve, (stage.profile.soak.seconds * 1000) / SAMPLES))
      await collectGarbage()
      samples.push({
        memoryMib: residentMib(child.pid),
        descriptors: readdirSync(`/proc/${child.pid}/fd`).length,
        walMib: statSync(join(folder.path, "data.db-wal")).size / 2 ** 20,
        loopDelayMs: (await metricOf(url, "nodejs_eventloop_lag_p99_seconds")) * 1000,
      })
    }
    await load.stop()
    if (samples.length < SAMPLES) stage.skip("the growth of the process, because the time was up")
    else stage.check(growthProblems(samples), seed)
    stage.add(await check(url, admin, ledger, folder.path), seed)
    stage.notes.push(`${ledger.acknowledgements} changes, ${samples.at(-1)?.memoryMib.toFixed(0)} MiB at the end`)
  },
}

/** Compares the medians of the last two thirds. */
export function growthProblems(samples: readonly Sample[]): string[] {
  const third = Math.floor(samples.length / 3)
  return (Object.keys(MAX_GROWTH) as (keyof Sample)[]).flatMap((what) => {
    const medianOf = (part: number) => median(samples.slice(part * third, (part + 1) * third).map((one) => one[what]))
    const [before, after] = [medianOf(1), medianOf(2)]
    return after - before <= MAX_GROWTH[what] ? [] : [`${what} grew from ${before} to ${after}`]
  })
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
