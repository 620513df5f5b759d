import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { check } from "./check.ts"
import { Ledger } from "./ledger.ts"
import { liveMemory, withLiveMemory } from "./live-memory.ts"
import { Load } from "./load.ts"
import { type Figures, figuresOf } from "./process-figures.ts"
import { Random } from "./random.ts"
import { growth, type LiveMark, leak } from "./soak-bounds.ts"
import type { Scenario, Stage } from "./stage.ts"
import { warmUp } from "./warm-up.ts"

/** Looks at the process, in three thirds. */
const SAMPLES = 30

/** Clients at work at once. */
const CLIENTS = 4

/** Milliseconds after which a warm-up has to be enough. */
const WARM_UP = 120_000

/** A long mixed run: nothing grows after warm-up. */
export const soak: Scenario = {
  name: "soak",
  run: (stage) => soakBroker(stage),
}

/** Works on one broker, looks at its process again and again, and at the end at everything that it should know. */
export async function soakBroker(stage: Stage, environment: Record<string, string> = {}): Promise<void> {
  const row = stage.report.row("soak")
  const seed = stage.seed()
  await using folder = await brokerFolder()
  const settings = { AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400" }
  await using broker = await startBroker(folder, withLiveMemory(folder.path, { ...settings, ...environment }))
  const admin = await adminToken(broker.url)
  const ledger = new Ledger()
  const load = new Load(broker.url, admin, ledger, new Random(seed))
  let isWarm = false
  if (stage.profile.soak.warmUp) {
    const end = performance.now() + WARM_UP
    const seconds = timer()
    isWarm = await warmUp(broker.url, load, ledger, () => stage.isOver || performance.now() > end)
    row.note(`${isWarm ? "warm" : "not warm"} after ${seconds()} s`)
    if (!isWarm) stage.report.skip("soak", `the bound of a warm broker, which it was not after ${seconds()} s`)
  }
  const samples: Figures[] = []
  const marks: LiveMark[] = []
  const seconds = timer()
  load.start(CLIENTS)
  while (samples.length < SAMPLES && !stage.isOver) {
    await new Promise((resolve) => setTimeout(resolve, (stage.profile.soak.seconds * 1000) / SAMPLES))
    samples.push(await figuresOf(broker, folder.path))
    if (samples.length % (SAMPLES / 3) === 0)
      marks.push({ bytes: await liveMemory(broker, folder.path), operations: ledger.acknowledgements })
  }
  await load.stop()
  row.note(`${seconds()} s`)
  if (samples.length < SAMPLES)
    stage.report.skip("soak", `${SAMPLES - samples.length} of ${SAMPLES} samples, because the time was up`)
  else
    for (const { note, problems } of [...growth(samples), leak(marks, isWarm)]) {
      row.note(note)
      row.check(problems, seed)
    }
  const { tally, problems } = await check(broker.url, admin, ledger, folder.path)
  row.add(tally)
  for (const problem of problems) row.fail(problem, seed)
}

/** Tells how many whole seconds have passed. */
function timer(): () => string {
  const began = performance.now()
  return () => ((performance.now() - began) / 1000).toFixed(0)
}
