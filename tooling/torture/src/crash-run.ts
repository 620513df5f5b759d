import { type BrokerFolder, type BrokerProcess, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken } from "@agentwrit/e2e/client"
import { check, type Verdict } from "./check.ts"
import { Ledger } from "./ledger.ts"
import { Load } from "./load.ts"
import { Random } from "./random.ts"
import type { Row } from "./report.ts"

/** Long enough that nothing expires in a run: what is gone then is lost. */
const LASTING = { AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400", AA_LOG_LEVEL: "quiet" }

/** One history: work, a blow, a restart and a look, again and again on the same files. */
export interface CrashRun {
  readonly seed: number
  readonly cycles: number
  readonly folder: BrokerFolder
  /** Clients at work at once. */
  readonly clients: number
  /** The blow comes after so many acknowledgements, at least and at most: a count, so that a slow machine has as much to lose. */
  readonly work: readonly [least: number, most: number]
  readonly environment?: Record<string, string>
  /** Ends the broker while clients are at work. Default: kill -9. */
  readonly strike?: (broker: BrokerProcess) => Promise<void>
}

const kill = async (broker: BrokerProcess): Promise<void> => void (await broker.end("SIGKILL"))

/** Runs it and answers what every look found; the tally is that of the last. */
export async function crashRun(run: CrashRun): Promise<Verdict> {
  const random = new Random(run.seed)
  const ledger = new Ledger()
  const problems: string[] = []
  for (let cycle = 1; ; cycle++) {
    const broker = await startBroker(run.folder, { ...LASTING, ...run.environment })
    const admin = await adminToken(broker.url)
    let verdict: Verdict | undefined
    if (cycle > 1) {
      verdict = await check(broker.url, admin, ledger, run.folder.path)
      problems.push(...verdict.problems.map((problem) => `cycle ${cycle - 1}: ${problem}`))
    }
    if (verdict !== undefined && (cycle > run.cycles || problems.length > 0)) {
      await broker.end("SIGKILL")
      // Where nothing was acknowledged, nothing could be lost.
      if (ledger.acknowledgements === 0) problems.push("nothing was acknowledged")
      return { tally: verdict.tally, problems }
    }
    const load = new Load(broker.url, admin, ledger, random)
    load.start(run.clients)
    await acknowledged(ledger, random.integer(...run.work))
    // Somewhere in what is under way then.
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, 20)))
    await (run.strike ?? kill)(broker)
    await load.stop()
  }
}

/** Milliseconds after which the blow comes anyway. */
const PATIENCE = 10_000

/** Waits until so many more changes were acknowledged. */
async function acknowledged(ledger: Ledger, count: number): Promise<void> {
  const enough = ledger.acknowledgements + count
  const end = performance.now() + PATIENCE
  while (ledger.acknowledgements < enough && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Enters a run into its row. */
export function enter(row: Row, { tally, problems }: Verdict, seed: number): void {
  row.add(tally)
  for (const problem of problems) row.fail(problem, seed)
}
