import { brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken } from "@agentwrit/e2e/client"
import { check } from "./check.ts"
import { Ledger } from "./ledger.ts"
import { Load } from "./load.ts"
import { type Figures, figuresOf } from "./process-figures.ts"
import { Random } from "./random.ts"
import type { Scenario } from "./stage.ts"

/** By how much the last third of a run may lie above the one before it. */
const GROWTH: Readonly<Record<keyof Figures, number>> = { memory: 48, handles: 16, wal: 8, delay: 100 }

/** Characters of token text after which the broker's memory of verified tokens is full, and its heap as large as that makes it. */
const WARM = 24 * 2 ** 20

/** Milliseconds after which a warm-up has to be enough. */
const WARM_UP = 240_000

/** A long mixed run: nothing grows after warm-up. */
export const soak: Scenario = {
  name: "soak",
  async run(stage) {
    const row = stage.report.row("soak")
    const seed = stage.seed()
    const { seconds, warmUp } = stage.profile.soak
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, {
      ...{ AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400" },
    })
    const admin = await adminToken(broker.url)
    const ledger = new Ledger()
    const random = new Random(seed)
    if (warmUp) row.note(`warm after ${await warm(new Load(broker.url, admin, ledger, random), ledger)} s`)
    const load = new Load(broker.url, admin, ledger, random)
    load.start(4)
    const samples: Figures[] = []
    for (let sample = 0; sample < 30 && !stage.isOver; sample++) {
      await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 30))
      samples.push(await figuresOf(broker, folder.path))
    }
    await load.stop()
    for (const what of Object.keys(GROWTH) as (keyof Figures)[]) {
      const { before, after, problems } = growth(samples, what)
      row.note(`${what} ${before.toFixed(1)} → ${after.toFixed(1)}`)
      row.check(problems, seed)
    }
    const { tally, problems } = await check(broker.url, admin, ledger, folder.path)
    row.add(tally)
    for (const problem of problems) row.fail(problem, seed)
    row.note(`${seconds} s`)
  },
}

/** Lets many clients work until the broker remembers all that it ever will; answers how many seconds that took. */
async function warm(load: Load, ledger: Ledger): Promise<string> {
  const began = performance.now()
  load.start(16)
  while (ledger.characters < WARM && performance.now() - began < WARM_UP)
    await new Promise((resolve) => setTimeout(resolve, 100))
  await load.stop()
  return ((performance.now() - began) / 1000).toFixed(0)
}

/** How the last third of the samples stands against the one before it, by their medians; the first is warm-up. */
export function growth(samples: readonly Figures[], what: keyof Figures) {
  const third = Math.floor(samples.length / 3)
  const median = (part: readonly Figures[]): number =>
    part.map((one) => one[what]).sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0
  const before = median(samples.slice(third, 2 * third))
  const after = median(samples.slice(2 * third))
  return { before, after, problems: after - before > GROWTH[what] ? [`${what} grew from ${before} to ${after}`] : [] }
}
