import { startBroker } from "./broker.ts"
import type { Bench, Reach, Row } from "./figure.ts"
import { residentMemory } from "./process-cost.ts"
import { medianOf, sampleOf } from "./statistics.ts"

/** The cost of one start. */
interface Start {
  /** Until the first 200. */
  readonly ms: number
  /** Resident memory then. */
  readonly mib: number
}

/** What the time and the memory should reach. */
interface StartReach {
  readonly start: readonly Reach[]
  readonly memory: readonly Reach[]
}

/** Starts the broker on two folders alternately, and returns the rows. */
export async function startRows(
  { profile }: Bench,
  { measured, floor }: { readonly measured: string; readonly floor: string },
  of: string,
  reach: StartReach,
): Promise<Row[]> {
  const pairs: { readonly full: Start; readonly empty: Start }[] = []
  // The first start reads the file from the disk; the next ones show what a restart costs.
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
    row(`start to first 200, ${of}`, "ms", ({ ms }) => ms, reach.start),
    row(`resident memory after it, ${of}`, "MiB", ({ mib }) => mib, reach.memory),
  ]
}

async function start(folder: string): Promise<Start> {
  await using broker = await startBroker(folder)
  return { ms: broker.firstAnswerMs, mib: residentMemory(broker.pid) }
}
