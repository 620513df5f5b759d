import { join } from "node:path"
import {
  type BrokerFolder,
  type BrokerProcess,
  brokerFolder,
  FailedStart,
  startBroker,
} from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { Random } from "@agentwrit/testing/random"
import Sqlite from "better-sqlite3"
import { Findings } from "./findings.ts"
import { check } from "./ledger/check.ts"
import { Ledger } from "./ledger/ledger.ts"
import { Load } from "./ledger/load.ts"
import type { Scenario } from "./stage.ts"

/** Kills the broker with SIGKILL at random moments of concurrent work. */
export const crashes: Scenario = {
  name: "crashes",
  async run(stage) {
    const { runs, cycles } = stage.profile.crashes
    let kills = 0
    await stage.each(Array.from({ length: runs }), async (_, seed) => {
      await using folder = await brokerFolder()
      const found = await crashRun({ seed, cycles, folder, work: [1, 150] })
      checkDatabase(folder.path, found)
      kills += cycles
      return found
    })
    stage.notes.push(`${kills} kills`)
  },
}

/** Tokens that outlive a run: a token that no longer works then is lost. */
export const LONG_TTLS = { AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400" }

/** How long clients may take for their work. */
const WORK_TIMEOUT_MS = 10_000

const CLIENTS = 12

/** Work, a crash, a restart and a check, several times on the same files. */
export interface CrashRun {
  readonly seed: number
  readonly cycles: number
  readonly folder: BrokerFolder
  /**
   * How many acknowledgements come before a crash. A count, so that a slow machine has as much to lose as a fast one.
   */
  readonly work: readonly [least: number, most: number]
  readonly environment?: Record<string, string>
  /** Ends the broker while clients work. Default: SIGKILL. */
  readonly crash?: (broker: BrokerProcess) => Promise<unknown>
}

/** Runs all cycles, or until a check finds a problem. */
export async function crashRun(run: CrashRun): Promise<Findings> {
  const { seed, cycles, folder, work, environment, crash = (broker) => broker.end("SIGKILL") } = run
  const random = new Random(seed)
  const ledger = new Ledger()
  const settings = { AA_LOG_LEVEL: "quiet", ...LONG_TTLS, ...environment }
  for (let crashed = 0; ; crashed++) {
    const broker = await startBroker(folder, settings).catch((error: Error) => error)
    if (broker instanceof Error) {
      if (crashed === 0 || !(broker instanceof FailedStart)) throw broker
      const found = new Findings()
      found.lost(`after crash ${crashed}: ${broker.message}`)
      return found
    }
    const admin = await adminToken(broker.url)
    ledger.signedIn(admin)
    if (crashed > 0) {
      const found = await check(broker.url, admin, ledger, folder.path)
      if (crashed === cycles || found.problems.length > 0) {
        await broker.end("SIGKILL")
        return found
      }
    }
    const before = ledger.acknowledgements
    const load = new Load(broker.url, admin, ledger, random)
    load.start(CLIENTS)
    await acknowledged(ledger, random.integer(...work), broker)
    await new Promise((resolve) => setTimeout(resolve, random.integer(0, 20)))
    const found = new Findings()
    if (broker.child.exitCode !== null) found.unexpected(`the broker ended by itself\n${broker.output().stderr}`)
    await crash(broker)
    await load.stop()
    if (ledger.acknowledgements === before) found.unexpected("nothing was acknowledged, so nothing could be lost")
    if (found.problems.length > 0) return found
  }
}

/** Waits for this many acknowledgements, or for the broker's end. */
async function acknowledged(ledger: Ledger, count: number, { child }: BrokerProcess): Promise<void> {
  const enough = ledger.acknowledgements + count
  const end = performance.now() + WORK_TIMEOUT_MS
  while (ledger.acknowledgements < enough && child.exitCode === null && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Runs SQLite's own check of the database file. */
export function checkDatabase(folder: string, found: Findings): void {
  const database = new Sqlite(join(folder, "data.db"))
  const verdict = database.pragma("integrity_check", { simple: true })
  database.close()
  if (verdict !== "ok") found.unexpected(`integrity_check: ${String(verdict)}`)
}
