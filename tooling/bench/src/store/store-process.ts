import { join } from "node:path"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { IN_FLIGHT, type Profile } from "../figure.ts"
import { percentile } from "../statistics.ts"
import { draftAt } from "../trail.ts"

/** What the process measures. */
export interface StoreJob extends Pick<Profile, "runs" | "seconds" | "warmUps"> {
  readonly folder: string
}

/** One run of clients that commit one event after the other. */
export interface StoreOutcome {
  /** Events per second. */
  readonly rate: number
  /** Milliseconds of a commit. */
  readonly p99: number
  /** Microseconds of CPU for each event. */
  readonly cpu: number
}

process.once("message", (job: StoreJob) => void measureAll(job))

async function measureAll({ folder, runs, warmUps, seconds }: StoreJob): Promise<void> {
  await using store = await SqliteStore.open({ path: join(folder, "data.db") })
  const outcomes: StoreOutcome[] = []
  for (let run = -warmUps; run < runs; run++) outcomes.push(await measure(store, seconds))
  process.send?.(outcomes)
  process.disconnect()
}

async function measure(store: SqliteStore, seconds: number): Promise<StoreOutcome> {
  const latencies: number[] = []
  const cpuBefore = process.cpuUsage()
  const began = performance.now()
  const clients = Array.from({ length: IN_FLIGHT }, async () => {
    for (let now = began; now < began + seconds * 1000; ) {
      await store.commit({ writes: [], events: [draftAt(latencies.length)] })
      const done = performance.now()
      latencies.push(done - now)
      now = done
    }
  })
  await Promise.all(clients)
  const cpu = process.cpuUsage(cpuBefore)
  const took = (performance.now() - began) / 1000
  return {
    rate: latencies.length / took,
    p99: percentile(Float64Array.from(latencies).sort(), 0.99),
    cpu: (cpu.user + cpu.system) / latencies.length,
  }
}
