import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { brokerFolder, startBroker } from "@agentwrit/testing/broker-process"
import { adminToken, agent, call, trail } from "@agentwrit/testing/client"
import { freshMetrics } from "@agentwrit/testing/fresh-metrics"
import { auditProblems } from "@agentwrit/testing/independent-audit"
import { type EndedCredentials, endCredentials, TTLS } from "./ended-credentials.ts"
import { findLibrary } from "./needs.ts"
import type { Scenario } from "./stage.ts"
import { waitUntil } from "./wait-until.ts"

const HOUR = 3600

/** Seconds that the clock is ahead of the right time, or stopped. */
type Step = number | "frozen"

/**
 * The steps of each life of the broker. Maintenance runs 5 s after a start: so each life begins with the step forward.
 */
const LIVES: readonly (readonly Step[])[] = [
  [HOUR, 0, -HOUR, 0],
  [HOUR, -HOUR, "frozen", 0],
]

/** Maintenance runs every minute. */
const MAINTENANCE_TIMEOUT_MS = 70_000

/** Steps the clock of a running broker: nothing that was ended may work again. */
export const clock: Scenario = {
  name: "clock",
  isPatient: true,
  async run(stage) {
    const library = findLibrary("faketime/libfaketimeMT.so.1")
    if (library === undefined) return stage.skip("needs libfaketime, which is not installed")
    const seed = stage.seed()
    await using folder = await brokerFolder()
    const file = join(folder.path, "clock")
    const settings = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      TZ: "UTC",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
      FAKETIME_FORCE_MONOTONIC_FIX: "0",
      AA_LOG_LEVEL: "quiet",
      AA_ADMIN_TOKEN_TTL: "86400",
      ...TTLS,
    }
    let ended: EndedCredentials | undefined
    for (const steps of LIVES) {
      setClock(file, 0)
      const broker = await startBroker(folder, settings)
      ended ??= await endCredentials(broker.url, await adminToken(broker.url))
      for (const step of steps) {
        setClock(file, step)
        const problems = await stepProblems(broker.url, step, ended)
        stage.check(problems, seed, `clock at ${step}`)
      }
      await broker.end("SIGTERM")
    }
    stage.notes.push(LIVES.map((steps) => steps.join(", ")).join("; restart; "))
  },
}

function setClock(file: string, step: Step): void {
  const now = new Date().toISOString().slice(0, 19).replace("T", " ")
  writeFileSync(file, step === "frozen" ? now : `${step >= 0 ? "+" : ""}${step}s`)
}

async function stepProblems(url: string, step: Step, ended: EndedCredentials): Promise<string[]> {
  const skewsBefore = await metricOf(url, "agentwrit_clock_skew_total")
  const problems = await ended.problems(url)
  if (step === HOUR) {
    if (!(await isMaintained(url))) problems.push("maintenance did not run")
    problems.push(...(await ended.problems(url)))
  }
  if (step === -HOUR && (await metricOf(url, "agentwrit_clock_skew_total")) === skewsBefore)
    problems.push("no clock skew is counted")
  const admin = await adminToken(url)
  await agent(url, admin).catch((error: Error) => problems.push(`no agent can be registered: ${error.message}`))
  const isRight = step === 0 || step === "frozen"
  const { body } = await call(url, "POST /v1/token/validate", { json: { token: ended.living } })
  if (isRight && body.valid !== true) problems.push("a living token does not validate")
  problems.push(...auditProblems(await trail(url, admin)))
  return problems
}

/** Whether maintenance ran after the step forward. */
const isMaintained = (url: string): Promise<boolean> => {
  const halfAnHourAhead = Date.now() / 1000 + HOUR / 2
  const name = "agentwrit_maintenance_last_run_timestamp_seconds"
  return waitUntil(async () => (await metricOf(url, name)) > halfAnHourAhead, MAINTENANCE_TIMEOUT_MS)
}

/** The value of a metric without labels. */
export async function metricOf(url: string, name: string): Promise<number> {
  const value = new RegExp(`^${name} (\\S+)$`, "m").exec(await freshMetrics(url))?.[1]
  if (value === undefined) throw new Error(`there is no metric ${name}`)
  return Number(value)
}
