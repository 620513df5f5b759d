import { startBroker } from "./broker.ts"
import type { Bench, Reach, Row } from "./figure.ts"
import { residentMemory } from "./process-cost.ts"
import { medianOf, sampleOf } from "./statistics.ts"

/** What a start takes: milliseconds to the first 200, and the MiB that are resident then. */
interface Start {
  readonly time: number
  readonly memory: number
}

/** What the two quantities should reach, by the ratio or by what comes on top. */
interface StartReach {
  readonly start: readonly Reach[]
  readonly memory: readonly Reach[]
}

/** Starts the broker on two folders by turns, and answers the rows of its starts. */
export async function startRows(
  { profile }: Bench,
  { measured, floor }: { readonly measured: string; readonly floor: string },
  of: string,
  reach: StartReach,
): Promise<Row[]> {
  const pairs: { readonly full: Start; readonly empty: Start }[] = []
  // The first start after a copy reads the file from disk; the ones that follow are what a restart costs.
  for (let run = profile.name === "full" ? -1 : 0; run < profile.runs; run++) {
    const empty = await start(floor)
    const full = await start(measured)
    if (run >= 0) pairs.push({ full, empty })
  }
  const row = (what: string, unit: string, of: (start: Start) => number, reach: readonly Reach[]): Row => ({
    what,
    unit,
    measured: sampleOf(pairs.map(({ full }) => of(full))),
    floor: sampleOf(pairs.map(({ empty }) => of(empty))),
    ratio: medianOf(pairs.map(({ full, empty }) => of(full) / of(empty))),
    onTop: medianOf(pairs.map(({ full, empty }) => of(full) - of(empty))),
    reach,
  })
  return [
    row(`start to first 200, ${of}`, "ms", ({ time }) => time, reach.start),
    row(`resident memory after it, ${of}`, "MiB", ({ memory }) => memory, reach.memory),
  ]
}

async function start(folder: string): Promise<Start> {
  await using broker = await startBroker(folder)
  return { time: broker.firstAnswer, memory: residentMemory(broker.pid) }
}
