import { brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken } from "@agentwrit/e2e/client"
import { check, type Verdict } from "./check.ts"
import { databaseProblems } from "./database-file.ts"
import { Ledger } from "./ledger.ts"
import { Load } from "./load.ts"
import { missing } from "./needs.ts"
import { Random } from "./random.ts"
import { emptyTally, type Row } from "./report.ts"
import type { Scenario, Stage } from "./stage.ts"

/** What the database's own thread changes its files by. Each thread counts for itself, and no other makes these calls. */
export const WRITES = "pwrite64,ftruncate"

/** What the other threads change files by too: the keys', the witness's. */
const SYNCS = "fsync,fdatasync,link,unlink"
const RENAMES = "rename"

/** Everything by which a broker changes a disk; the many come last, of which some may be left when the time is up. */
const CALLS = [RENAMES, SYNCS, WRITES]

/** The broker dies on entering the nth of them, from the first start on a new folder on. */
const wrapper = (calls: string, nth: number): string[] => [
  ...["strace", "-f", "-D", "-q", "-o", "/dev/null"],
  ...["-e", `trace=${calls}`, "-e", "signal=none", "-e", `inject=${calls}:signal=SIGKILL:when=${nth}`],
]

/** kill -9 at every write of a short run, one after the other. */
export const everyWrite: Scenario = {
  name: "every-write",
  async run(stage) {
    const row = stage.report.row("every-write")
    const lacking = missing("strace")
    if (lacking !== undefined) return stage.report.skip("every-write", lacking)
    // The seed of a death is the number of its write.
    const { replayed } = stage
    if (replayed !== undefined) {
      for (const calls of CALLS) await dieAt(row, calls, replayed)
      return
    }
    const { stride, others } = stage.profile.everyWrite
    for (const calls of CALLS) {
      const points = await dieEverywhere(stage, row, calls, calls === WRITES ? stride : others)
      row.note(`${calls}: died at ${points.tried}, the last of them ${points.last}`)
    }
  },
}

/** How many writes there are differs a little from run to run: so far behind the last that was seen none may be. */
const MARGIN = 6

async function dieEverywhere(
  stage: Stage,
  row: Row,
  calls: string,
  stride: number,
): Promise<{ tried: number; last: number }> {
  let next = new Random(stage.seed()).integer(1, stride)
  let tried = 0
  let last = 0
  let finished = 0
  const enough = Math.ceil(MARGIN / stride)
  const lane = async (): Promise<void> => {
    while (finished < enough && !stage.isOver) {
      const nth = next
      next += stride
      if (await dieAt(row, calls, nth)) finished++
      else {
        tried++
        finished = 0
        last = Math.max(last, nth)
      }
    }
  }
  await Promise.all([lane(), lane()])
  if (finished < enough) stage.report.skip("every-write", `writes from ${next} on, because the time was up`)
  return { tried, last }
}

/** Answers whether the run came to its end, so that there are no more writes. */
async function dieAt(row: Row, calls: string, nth: number): Promise<boolean> {
  const { isFinished, tally, problems } = await dieAtWrite(calls, nth)
  if (isFinished) return true
  row.add(tally)
  for (const problem of problems) row.fail(`write ${nth}: ${problem}`, nth)
  return false
}

/** A short run on a new folder that dies on entering the nth of these calls, and what a restart finds. */
export async function dieAtWrite(
  calls: string,
  nth: number,
  planted: Record<string, string> = {},
): Promise<Verdict & { readonly isFinished: boolean }> {
  await using folder = await brokerFolder()
  const ledger = new Ledger()
  const environment = { AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400", AA_LOG_LEVEL: "quiet", ...planted }
  let isFinished = false
  try {
    const broker = await startBroker(folder, environment, wrapper(calls, nth))
    await shortRun(broker.url, ledger, nth)
    isFinished = broker.child.exitCode === null && broker.child.signalCode === null
    await broker.end("SIGKILL")
  } catch {
    // It died before it listened, or between two steps.
  }
  try {
    const again = await startBroker(folder, environment)
    const { tally, problems } = await check(again.url, await adminToken(again.url), ledger, folder.path)
    await again.end("SIGKILL")
    return { isFinished, tally, problems: [...problems, ...databaseProblems(folder.path)] }
  } catch (error) {
    return { isFinished: false, tally: emptyTally(), problems: [String(error)] }
  }
}

/** Everything once, one after the other, always the same. */
async function shortRun(url: string, ledger: Ledger, seed: number): Promise<void> {
  const load = new Load(url, await adminToken(url), ledger, new Random(seed))
  await load.launchToken(true)
  await load.register()
  await load.launchToken(false)
  for (let agent = 0; agent < 3; agent++) await load.register()
  await load.renew()
  await load.delegate()
  await load.createApp()
  await load.appLaunchToken()
  await load.updateApp()
  await load.checkpoint()
  await load.release()
  for (const level of ["chain", "token", "task", "agent"]) await load.revoke(level)
  await load.deregisterApp()
  await load.checkpoint()
}
