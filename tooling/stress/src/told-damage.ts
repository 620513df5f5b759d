import type { StorageCase } from "./storage-case.ts"
import { expectNothingLost } from "./storage-expectations.ts"

/** What an operator reads of a file that is of no use. */
const PLAIN = /agentwrit-broker: .*(damaged|backup|not a database|brought up to date)/

/** Either it does not start and says why, or it serves and says what is wrong, or nothing is; it never answers with a bug. */
export async function expectDamageTold(on: StorageCase): Promise<void> {
  try {
    await on.start()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    on.expect(PLAIN.test(text) && !/^\s+at .*dist/m.test(text), `a start on a damaged file ends with: ${text}`)
    return
  }
  await on.work(20)
  const isVerified = await on.until(async () => (await on.ask("GET /v1/health")).body.audit_chain !== "verifying")
  await on.work(20)
  const { child } = on.broker
  const health = await on.ask("GET /v1/health").catch(() => undefined)
  const isTold = health?.status !== 200 || health.body.audit_chain === "broken" || child.exitCode === 70
  if (!isTold) {
    on.expect(isVerified, "the trail is not verified to its end")
    await expectNothingLost(on)
    return
  }
  on.problems.push(...on.ledger.problems)
  const ended = child.exitCode ?? child.signalCode
  on.expect(ended === null || ended === 70, `the broker ended with ${ended}, not 70`)
  const { stderr } = on.broker.output()
  const isLogged = /:FAIL\] \S+ \| (audit \| the audit trail does not verify|store) \|/.test(stderr)
  on.expect(isLogged, `no FAIL line tells of the damage: ${stderr}`)
  on.expect(!/a request ran into a bug/.test(stderr), `the log tells of a bug: ${stderr}`)
  await on.broker.end("SIGKILL")
}
