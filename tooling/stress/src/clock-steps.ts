import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { type EndedCredentials, endCredentials, LIFE } from "./ended-credentials.ts"
import { ListedOrder } from "./listed-order.ts"
import { findLibrary } from "./needs.ts"
import { metricOf } from "./process-figures.ts"
import type { Row } from "./report.ts"
import type { Scenario } from "./stage.ts"

/** What a broker is started with to see another time. */
export const LIBRARY = "faketime/libfaketimeMT.so.1"
const HOUR = 3600

/** Where the clock is put: seconds ahead of the right time, or stopped. */
type Step = number | "frozen"

/**
 * Where the clock is put, in the order in which it goes there, in each life of the broker; it starts by the right time. Maintenance
 * comes 5 s after a start and then every minute: each step forward is the first of a life, so that one is soon met by it.
 */
const LIVES: readonly (readonly Step[])[] = [
  [HOUR, 0, -HOUR, 0],
  [HOUR, -HOUR, "frozen", 0],
]

/** Milliseconds in which a run of the maintenance comes, even when a slow machine missed the first. */
const PATIENCE = 70_000

/** The clock of a running broker is stepped: nothing that was ended works again, and everything stays in order. */
export const clockSteps: Scenario = {
  name: "clock",
  isPatient: true,
  async run(stage) {
    const library = findLibrary(LIBRARY)
    if (library === undefined) return stage.report.skip("clock", "needs libfaketime, which is not installed")
    const row = stage.report.row("clock")
    await stepClock({ library, row, seed: stage.seed() })
    row.note(`${LIVES.flat().join(", ")} s, maintenance at each step forward, a restart between two of them`)
  },
}

/** How the clock of a broker is stepped. */
export interface ClockRun {
  readonly library: string
  readonly row: Row
  readonly seed: number
  readonly environment?: Record<string, string>
  readonly lives?: readonly (readonly Step[])[]
  readonly patience?: number
}

/** Steps the clock of a broker, and writes down what worked again at each step. */
export async function stepClock(run: ClockRun): Promise<void> {
  const { library, row, seed, environment, lives = LIVES, patience = PATIENCE } = run
  await using folder = await brokerFolder()
  const file = join(folder.path, "clock")
  const settings = {
    ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: "1", TZ: "UTC" },
    ...{ FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1", FAKETIME_FORCE_MONOTONIC_FIX: "0" },
    ...{ AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400", ...LIFE },
    ...environment,
  }
  let ended: EndedCredentials | undefined
  const order = new ListedOrder()
  for (const steps of lives) {
    setClock(file, 0)
    const broker = await startBroker(folder, settings)
    ended ??= await endCredentials(broker.url, await adminToken(broker.url))
    for (const to of steps) {
      setClock(file, to)
      const problems = await stepProblems(broker.url, to, ended, order, patience)
      row.check(
        problems.map((problem) => `clock at ${to}: ${problem}`),
        seed,
      )
    }
    await broker.end("SIGTERM")
  }
}

/** Puts the broker's clock there. */
function setClock(file: string, to: Step): void {
  const frozen = new Date().toISOString().slice(0, 19).replace("T", " ")
  writeFileSync(file, to === "frozen" ? frozen : `${to >= 0 ? "+" : ""}${to}s`)
}

/** What is wrong while the clock stands there. */
async function stepProblems(
  url: string,
  to: Step,
  ended: EndedCredentials,
  order: ListedOrder,
  patience: number,
): Promise<string[]> {
  const before = await skew(url)
  const problems = await ended.problems(url)
  // A step past the end of every token gives maintenance the most to forget.
  if (to === HOUR) {
    if (!(await maintained(url, to, patience))) problems.push("no maintenance came")
    problems.push(...(await ended.problems(url)))
  }
  const admin = await adminToken(url)
  const held = await agent(url, admin).catch((error: Error) => error)
  if (held instanceof Error) problems.push(`no agent can be registered: ${held.message}`)
  else order.agent(held.agent_id)
  if (to === -HOUR && (await skew(url)) === before) problems.push("no skew is counted")
  // That one works shows that the others are refused because they were ended.
  const isRight = to === 0 || to === "frozen"
  const { body } = await call(url, "POST /v1/token/validate", { json: { token: ended.living } })
  if (isRight && body.valid !== true) problems.push("a token that nothing ended does not validate")
  await order.add(url, admin)
  problems.push(...(await order.problems(url, admin)))
  problems.push(...auditProblems(await trail(url, admin)))
  return problems
}

const skew = (url: string): Promise<number> => metricOf(url, "agentwrit_clock_skew_total")

/** Whether a run of the maintenance ended by the clock as it was stepped. */
async function maintained(url: string, to: number, patience: number): Promise<boolean> {
  // Far from where the clock was, and in the reach of a run that ended a moment ago.
  const since = Date.now() / 1000 + to / 2
  const end = performance.now() + patience
  while ((await metricOf(url, "agentwrit_maintenance_last_run_timestamp_seconds")) < since) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return true
}
