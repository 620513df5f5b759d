import { type BrokerFolder, type BrokerProcess, FailedStart, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { check } from "./check.ts"
import { Findings, type Verdict } from "./findings.ts"
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

/** What the last look found, and the blows until then. */
export interface CrashVerdict extends Verdict {
  readonly blows: number
}

const kill = async (broker: BrokerProcess): Promise<void> => void (await broker.end("SIGKILL"))

/**
 * Runs it to its last look, or to the first that finds something.
 * @throws FailedStart when the broker does not even start on the empty folder.
 */
export async function crashRun(run: CrashRun): Promise<CrashVerdict> {
  const random = new Random(run.seed)
  const ledger = new Ledger()
  for (let blows = 0; ; blows++) {
    const broker = await started(run, blows)
    if (broker instanceof Findings) return { ...broker, blows }
    const admin = await adminToken(broker.url)
    ledger.signedIn(admin)
    if (blows > 0) {
      const { tally, problems } = await check(broker.url, admin, ledger, run.folder.path)
      if (blows === run.cycles || problems.length > 0) {
        await broker.end("SIGKILL")
        return { tally, problems: problems.map((problem) => `after blow ${blows}: ${problem}`), blows }
      }
    }
    const load = new Load(broker.url, admin, ledger, random)
    load.start(run.clients)
    const before = ledger.acknowledgements
    await acknowledged(ledger, random.integer(...run.work), broker)
    // Somewhere in what is under way then.
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, 20)))
    const found = new Findings()
    // The blow would fall on nothing.
    if (broker.child.exitCode !== null) found.unexpected(`the broker ended by itself\n${broker.output().stderr}`)
    await (run.strike ?? kill)(broker)
    await load.stop()
    // Where nothing was acknowledged, nothing could be lost.
    if (ledger.acknowledgements === before) found.unexpected("nothing was acknowledged")
    if (found.problems.length > 0) return { ...found, blows }
  }
}

/** The broker on what the blows left; or, when it does not start on that any more, what this is called. */
async function started({ folder, environment }: CrashRun, blows: number): Promise<BrokerProcess | Findings> {
  try {
    return await startBroker(folder, { ...LASTING, ...environment })
  } catch (error) {
    if (blows === 0 || !(error instanceof FailedStart)) throw error
    const found = new Findings()
    found.lost(`after blow ${blows} ${error.message}`)
    return found
  }
}

/** Milliseconds after which the blow comes anyway. */
const PATIENCE = 10_000

/** Waits until so many more changes were acknowledged, or the broker is gone. */
async function acknowledged(ledger: Ledger, count: number, { child }: BrokerProcess): Promise<void> {
  const enough = ledger.acknowledgements + count
  const end = performance.now() + PATIENCE
  while (ledger.acknowledgements < enough && child.exitCode === null && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Enters a run into its row. */
export function enter(row: Row, { tally, problems }: Verdict, seed: number): void {
  row.add(tally)
  for (const problem of problems) row.fail(problem, seed)
}
