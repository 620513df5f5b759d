import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import type { Answer } from "@agentwrit/testing/client"
import { check } from "./check.ts"
import { refusalProblems } from "./refused-start.ts"
import type { Ask, StorageCase } from "./storage-case.ts"

/** Milliseconds for which a broker lives on after an I/O error (CONTRACT 4). */
const GRACE = 5000

/** Nothing is issued, denials are denied, health says 503, and the log tells of it. */
export async function expectStalled(on: StorageCase): Promise<void> {
  // Where some room is left, or comes back, one more may get through: what counts is that none of it is lost.
  let issued: Answer | undefined
  await on.until(async () => {
    issued = await on.issue()
    return issued?.status === 503
  })
  on.expect(issued?.status === 503, `issuance is answered with ${issued?.status}`)
  const hasRetryAfter = typeof issued?.headers.get("retry-after") === "string"
  on.expect(issued?.status !== 503 || hasRetryAfter, "a 503 has no Retry-After")
  on.expect(await on.until(() => isDegraded(on)), "health does not say that it is degraded")
  await expectDenials(on)
  await expectLogged(on, /:FAIL\] \S+ \| store \|/, "no FAIL line of the store is logged")
}

/** On a full disk the operator comes in, to revoke. */
export async function expectSignIn(on: StorageCase): Promise<void> {
  const { status } = await on.ask("POST /v1/admin/auth", { json: { secret: ADMIN_SECRET } })
  on.expect(status === 200, `the operator's sign-in is answered with ${status}`)
}

export async function isDegraded({ ask }: StorageCase): Promise<boolean> {
  const { status, body } = await ask("GET /v1/health")
  return status === 503 && body?.status === "degraded"
}

/** A FAIL line comes, if it has not come yet. */
export async function expectLogged(on: StorageCase, line: RegExp, otherwise: string): Promise<void> {
  const isThere = await on.until(() => line.test(on.broker.output().stderr))
  on.expect(isThere, `${otherwise}: ${on.broker.output().stderr}`)
}

/** Whatever else does not work, what must be refused is. */
export async function expectDenials(on: StorageCase, ask: Ask = on.ask): Promise<void> {
  const bad = await ask("GET /v1/admin/apps", { bearer: "no.such.token" })
  on.expect(bad.status === 401, `a bad token is answered with ${bad.status}`)
  const { revokedToken } = on
  on.expect(revokedToken !== undefined, "there is no revoked token to ask about")
  const { status, body, text } = await ask("POST /v1/token/validate", { json: { token: revokedToken?.text } })
  on.expect(status === 200 && body?.valid === false, `a revoked token is answered with ${status}: ${text}`)
}

/** Waits until it commits again. */
export async function expectRecovery(on: StorageCase): Promise<void> {
  const isGood = await on.until(async () => (await on.ask("GET /v1/health")).status === 200)
  on.expect(isGood, "health does not recover")
  const answer = await on.issue()
  on.expect(answer?.status === 201, `issuance after the recovery is answered with ${answer?.status}`)
}

/** The broker ends by itself with 70, because the outcome of a commit is unknown. */
export async function expectEnd(on: StorageCase): Promise<void> {
  const { child } = on.broker
  await on.until(() => child.exitCode !== null || child.signalCode !== null, GRACE + on.patience)
  on.expect(child.exitCode === 70, `the broker ended with ${child.exitCode ?? child.signalCode}, not 70`)
}

/** The next start is refused with a message that says what to do, and no stack. */
export async function expectRefusal(on: StorageCase, message: RegExp): Promise<void> {
  const problems = await refusalProblems(on.folder, message)
  on.expect(problems.length === 0, problems.join())
}

/** Restarts on the same files and holds the state against the ledger. */
export async function expectNothingLost(on: StorageCase): Promise<void> {
  await on.broker.end("SIGKILL")
  await on.start({ AA_LOG_LEVEL: "quiet" })
  const { tally, problems } = await check(on.url, on.admin, on.ledger, on.folder.path)
  on.tally = tally
  on.problems.push(...problems)
  // Where nothing was acknowledged, nothing could be lost.
  on.expect(on.ledger.acknowledgements > 0, "nothing was acknowledged")
  await on.broker.end("SIGKILL")
}
