import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { type Answer, adminToken, agent, call, launchToken, registration, trail } from "@agentwrit/e2e/client"
import { auditProblems } from "@agentwrit/e2e/independent-audit"
import { findLibrary } from "./needs.ts"
import type { Row } from "./report.ts"
import type { Scenario } from "./stage.ts"

/** What a broker is started with to see another time. */
export const LIBRARY = "faketime/libfaketimeMT.so.1"
const HOUR = 3600

/** Where the clock is put, in the order in which it goes there: seconds ahead of the right time, or stopped. */
const STEPS: readonly (number | "frozen")[] = [0, HOUR, 0, -HOUR, 0, HOUR, -HOUR, "frozen", 0]

/** The clock of a running broker is stepped: nothing that was ended works again, and the trail stays in order. */
export const clockSteps: Scenario = {
  name: "clock",
  isPatient: true,
  async run(stage) {
    const library = findLibrary(LIBRARY)
    if (library === undefined) return stage.report.skip("clock", "needs libfaketime, which is not installed")
    const row = stage.report.row("clock")
    await stepClock(library, row, stage.seed())
    row.note(`${STEPS.join(", ")} s, maintenance after each step forward`)
  },
}

/** Steps the clock of a broker, and writes down what worked again at each step. */
export async function stepClock(
  library: string,
  row: Row,
  seed: number,
  environment: Record<string, string> = {},
  steps: readonly (number | "frozen")[] = STEPS,
): Promise<void> {
  await using folder = await brokerFolder()
  const file = join(folder.path, "clock")
  const step = (to: number | "frozen"): void =>
    writeFileSync(
      file,
      to === "frozen" ? new Date().toISOString().slice(0, 19).replace("T", " ") : `${to >= 0 ? "+" : ""}${to}s`,
    )
  step(0)
  await using broker = await startBroker(folder, {
    ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: "1", TZ: "UTC" },
    ...{ FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1", FAKETIME_FORCE_MONOTONIC_FIX: "0" },
    ...{ AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400" },
    ...environment,
  })
  const { url } = broker
  const admin = await adminToken(url)
  const ended = await whatEnded(url, admin)
  const skew = async (): Promise<number> =>
    Number(/^agentwrit_clock_skew_total (\d+)/m.exec((await call(url, "GET /v1/metrics")).text)?.[1])
  for (const to of steps) {
    step(to)
    const name = `clock at ${to}`
    const before = await skew()
    const problems = await ended(name)
    // Steps past the end of a token give maintenance the most to forget.
    if (to === HOUR) await maintained(url)
    problems.push(...(await ended(name)))
    const fresh = await adminToken(url)
    const held = await agent(url, fresh).catch((error: Error) => error)
    if (held instanceof Error) problems.push(`${name}: no agent can be registered: ${held.message}`)
    if (to === -HOUR && !((await skew()) > before)) problems.push(`${name}: no skew is counted`)
    problems.push(...auditProblems(await trail(url, fresh)).map((problem) => `${name}: ${problem}`))
    row.check(problems, seed)
  }
}

/** Ends credentials in every way there is, and answers what tells which of them work again. */
async function whatEnded(url: string, admin: string): Promise<(when: string) => Promise<string[]>> {
  const [superseded, released, revoked, ofAgent, ofTask] = await Promise.all(
    ["t-1", "t-2", "t-3", "t-4", "t-5"].map((task_id) => agent(url, admin, { task_id })),
  )
  const [single, reusable] = [
    await launchToken(url, admin),
    await launchToken(url, admin, { single_use: false, ttl: 86_400 }),
  ]
  const spentToken = await registration(url, single)
  const spentNonce = await registration(url, reusable)
  const tokens: Record<string, string> = {
    superseded: superseded?.access_token ?? "",
    released: released?.access_token ?? "",
    "revoked by id": revoked?.access_token ?? "",
    "of a revoked agent": ofAgent?.access_token ?? "",
    "of a revoked task": ofTask?.access_token ?? "",
  }
  const jti = JSON.parse(Buffer.from(tokens["revoked by id"]?.split(".")[1] ?? "", "base64url").toString()).jti
  const revoke = (level: string, target: unknown) =>
    call(url, "POST /v1/revoke", { bearer: admin, json: { level, target } })
  const done: Answer[] = [
    await call(url, "POST /v1/token/renew", { bearer: tokens["superseded"] ?? "" }),
    await call(url, "POST /v1/token/release", { bearer: tokens["released"] ?? "" }),
    await revoke("token", jti),
    await revoke("agent", ofAgent?.agent_id),
    await revoke("task", "t-5"),
    await call(url, "POST /v1/register", { json: spentToken }),
    await call(url, "POST /v1/register", { json: spentNonce }),
  ]
  for (const { status, text } of done) if (status >= 300) throw new Error(text)
  return async (when) => {
    const problems: string[] = []
    for (const [what, token] of Object.entries(tokens)) {
      const { body } = await call(url, "POST /v1/token/validate", { json: { token } })
      if (body.valid) problems.push(`${when}: the token ${what} validates again`)
      const { status } = await call(url, "POST /v1/token/renew", { bearer: token })
      if (status === 200) problems.push(`${when}: the token ${what} is renewed`)
    }
    for (const [what, json] of Object.entries({
      "launch token": spentToken,
      nonce: { ...spentNonce, launch_token: reusable },
    })) {
      const { status } = await call(url, "POST /v1/register", { json })
      if (status === 200) problems.push(`${when}: the spent ${what} registers again`)
    }
    return problems
  }
}

/** Waits for a run of the maintenance that began after now; the first comes 5 s after the start, the next after a minute. */
async function maintained(url: string): Promise<void> {
  const runs = async (): Promise<string | undefined> =>
    /^agentwrit_maintenance_last_run_timestamp_seconds (\S+)/m.exec((await call(url, "GET /v1/metrics")).text)?.[1]
  const before = await runs()
  const end = performance.now() + 8000
  while ((await runs()) === before && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 200))
}
