import {
  type BrokerFolder,
  type BrokerProcess,
  brokerFolder,
  FailedStart,
  startBroker,
} from "@agentwrit/testing/broker-process"
import { adminToken, call } from "@agentwrit/testing/client"
import { Random } from "@agentwrit/testing/random"
import { checkDatabase, LONG_TTLS } from "./crashes.ts"
import { Findings } from "./findings.ts"
import { check } from "./ledger/check.ts"
import { Ledger } from "./ledger/ledger.ts"
import { answers, Load } from "./ledger/load.ts"
import { untraceable } from "./needs.ts"
import type { Scenario, Stage } from "./stage.ts"

/** The calls that change the database files. Only the writer thread makes them, and strace counts per thread. */
const WRITES = "pwrite64,ftruncate"

/**
 * The number of writes differs a little from run to run, so this many runs must outlive their write before the scenario
 * ends.
 */
const MARGIN = 6

/** The steps of a run, which are the same each time. */
const STEPS = 40

/** Steps from one rotation of the signing key to the next. */
const ROTATION_STEPS = 10
const RUN_SEED = 3

/** Kills the broker at each of its writes, one after the other. */
export const everyWrite: Scenario = {
  name: "every-write",
  async run(stage) {
    const lacking = untraceable()
    if (lacking !== undefined) return stage.skip(lacking)
    // The seed of a death is the number of its write.
    if (stage.isReplay) return void (await dieAt(stage, stage.seed()))
    const { stride } = stage.profile.everyWrite
    const enough = Math.ceil(MARGIN / stride)
    let next = new Random(stage.seed()).integer(1, stride)
    let deaths = 0
    let outlived = 0
    const lane = async (): Promise<void> => {
      while (outlived < enough && stage.failures.length === 0 && !stage.isOver) {
        const nth = next
        next += stride
        if (await dieAt(stage, nth)) {
          deaths++
          outlived = 0
        } else outlived++
      }
    }
    await Promise.all([lane(), lane()])
    stage.notes.push(`${deaths} deaths`)
    if (stage.isOver && outlived < enough) stage.skip(`writes from ${next} on, because the time was up`)
    else stage.check(deaths > 0 ? [] : ["no broker died at a write"], 1)
  },
}

/** One death and one check. Returns whether the broker died, which it does not when the run has fewer writes. */
async function dieAt(stage: Stage, nth: number): Promise<boolean> {
  await using folder = await brokerFolder()
  const ledger = new Ledger()
  const found = new Findings()
  const environment = { AA_LOG_LEVEL: "quiet", ...LONG_TTLS }
  const inject = `trace=${WRITES} -e signal=none -e inject=${WRITES}:signal=SIGKILL:when=${nth}`
  const strace = `strace -f -D -q -o /dev/null -e ${inject}`.split(" ")
  const hasDied = await dies(folder, environment, strace, ledger, found)
  try {
    const again = await startBroker(folder, environment)
    found.add(await check(again.url, await adminToken(again.url), ledger, folder.path))
    await again.end("SIGKILL")
    checkDatabase(folder.path, found)
  } catch (error) {
    if (error instanceof FailedStart) found.lost(error.message)
    else found.unexpected(String(error))
  }
  stage.add({ tally: found.tally, problems: found.problems.map((problem) => `write ${nth}: ${problem}`) }, nth)
  return hasDied
}

async function dies(
  folder: BrokerFolder,
  environment: Record<string, string>,
  wrapper: readonly string[],
  ledger: Ledger,
  found: Findings,
): Promise<boolean> {
  let broker: BrokerProcess
  try {
    broker = await startBroker(folder, environment, wrapper)
  } catch (error) {
    if (!(error instanceof FailedStart && error.ended.signal === "SIGKILL")) found.unexpected(String(error))
    return true
  }
  const admin = await adminToken(broker.url).catch(() => "")
  const load = new Load(broker.url, admin, ledger, new Random(RUN_SEED))
  let stopped: unknown
  for (let step = 1; step <= STEPS && stopped === undefined; step++)
    stopped = await (step % ROTATION_STEPS === 0
      ? rotate(broker.url, admin, step % (2 * ROTATION_STEPS) === 0)
      : load.step()
    ).catch(String)
  const isAlive = await answers(broker.url)
  if (isAlive && stopped !== undefined) found.unexpected(`the run stopped: ${stopped}`)
  const { code, signal, stderr } = await broker.end("SIGKILL")
  if (signal !== "SIGKILL") found.unexpected(`the broker ended by itself (exit ${code})\n${stderr}`)
  return !isAlive
}

async function rotate(url: string, bearer: string, isAuditKey: boolean): Promise<void> {
  const { status, text } = isAuditKey
    ? await call(url, "POST /v1/admin/keys/audit/rotate", { bearer })
    : await call(url, "POST /v1/admin/keys/rotate", { bearer, json: { signs_in: 0, force: true } })
  if (status !== 200) throw new Error(`the rotation was refused: ${text}`)
}
