import {
  type BrokerFolder,
  type BrokerProcess,
  brokerFolder,
  FailedStart,
  startBroker,
} from "@agentwrit/testing/broker-process"
import { adminToken } from "@agentwrit/testing/client"
import { check } from "./check.ts"
import { databaseProblems } from "./database-file.ts"
import { Findings, type Verdict } from "./findings.ts"
import { Ledger, type OperationKind } from "./ledger.ts"
import { isThere, Load } from "./load.ts"
import { Random } from "./random.ts"

/** The broker dies on entering the nth of them, from the first start on a new folder on. */
const wrapper = (calls: string, nth: number): string[] => [
  ...["strace", "-f", "-D", "-q", "-o", "/dev/null"],
  ...["-e", `trace=${calls}`, "-e", "signal=none", "-e", `inject=${calls}:signal=SIGKILL:when=${nth}`],
]

/** What a restart found. */
export interface Death extends Verdict {
  /** The run came to its end, so that there are no more writes. */
  readonly isFinished: boolean
}

/** A short run on a new folder that dies on entering the nth of these calls, and what a restart finds. */
export async function dieAtWrite(calls: string, nth: number, planted: Record<string, string> = {}): Promise<Death> {
  await using folder = await brokerFolder()
  const ledger = new Ledger()
  const environment = { AA_ADMIN_TOKEN_TTL: "86400", AA_APP_TOKEN_TTL: "86400", AA_LOG_LEVEL: "quiet", ...planted }
  const found = new Findings()
  const isFinished = await lives(folder, environment, wrapper(calls, nth), ledger, found)
  if (isFinished) for (const kind of neverDone(ledger)) found.unexpected(`no ${kind} was acknowledged`)
  try {
    const again = await startBroker(folder, environment)
    found.add(await check(again.url, await adminToken(again.url), ledger, folder.path))
    await again.end("SIGKILL")
    for (const problem of databaseProblems(folder.path)) found.unexpected(problem)
  } catch (error) {
    if (error instanceof FailedStart) found.lost(error.message)
    else found.unexpected(String(error))
  }
  return { ...found, isFinished }
}

/** Whether the broker outlives the short run. */
async function lives(
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
    // Anything but the blow would be no death at a write.
    if (!(error instanceof FailedStart && error.ended.signal === "SIGKILL")) found.unexpected(String(error))
    return false
  }
  const stopped = await shortRun(broker.url, ledger).catch(String)
  const isAlive = await isThere(broker.url)
  if (isAlive && stopped !== undefined) found.unexpected(`the run stopped: ${stopped}`)
  const { code, signal, stderr } = await broker.end("SIGKILL")
  if (signal !== "SIGKILL") found.unexpected(`the broker ended by itself (exit ${code})\n${stderr}`)
  return isAlive
}

const KINDS: readonly OperationKind[] = [
  ...(["launch_token", "register", "renew", "release", "delegate", "revoke"] as const),
  ...(["create_app", "update_app", "deregister_app", "sign_in"] as const),
]

const neverDone = ({ operations }: Ledger): OperationKind[] => {
  const done = new Set([...operations.values()].filter((one) => one.acknowledgements > 0).map(({ kind }) => kind))
  return KINDS.filter((kind) => !done.has(kind))
}

/** A seed with which each step finds something to do. */
const SAME = 3

/** Everything once, one after the other, always the same. */
async function shortRun(url: string, ledger: Ledger): Promise<void> {
  const load = new Load(url, await adminToken(url), ledger, new Random(SAME))
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
