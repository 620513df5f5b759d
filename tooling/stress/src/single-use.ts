import { call, registration } from "@agentwrit/testing/client"
import type { ExpectedState } from "./expected-state.ts"
import type { Look } from "./findings.ts"
import type { Ledger, SentRegistration } from "./ledger.ts"

/** Of each kind, at a look: launch tokens are used up by it, and each costs requests. */
const SAMPLED = 3

/** Milliseconds for which a nonce is surely good: its 30 s, and some room (CONTRACT 2). */
const GOOD_NONCE = 20_000

const isRefusal = (status: number): boolean => status === 401 || status === 403

/** What an acknowledged registration spent stays spent: sent again, or its launch token with everything else anew, it is refused. */
export async function useAgain({ url, ledger, found }: Look): Promise<void> {
  const acknowledged = ledger.registrations
    .slice(ledger.resent)
    .filter(({ taskId }) => ledger.operations.get(`register ${taskId}`)?.outcome === "acknowledged")
  for (const { taskId, body } of acknowledged.slice(-SAMPLED)) {
    const again = await call(url, "POST /v1/register", { json: body })
    if (!isRefusal(again.status)) found.unexpected(`registration ${taskId} is answered with ${again.status} again`)
  }
  const singleUse = acknowledged.filter(({ launchToken }) => launchToken.singleUse)
  for (const { taskId, launchToken } of singleUse.slice(-SAMPLED)) {
    const body = await registration(url, launchToken.text, { task_id: ledger.name("t") })
    const { status } = await call(url, "POST /v1/register", { json: body })
    if (!isRefusal(status)) found.unexpected(`the launch token of ${taskId} is answered with ${status} again`)
  }
}

/**
 * A registration that nobody answered is sent again unchanged: it works if, and only if, it had not happened.
 * @returns those that were refused while their nonce was good: they, or others with the same secrets, must have happened.
 */
export async function resend({ url, ledger, found }: Look): Promise<SentRegistration[]> {
  const unlooked = ledger.registrations.slice(ledger.resent)
  ledger.resent = ledger.registrations.length
  const refused: SentRegistration[] = []
  for (const sent of unlooked) {
    const { taskId, body } = sent
    const operation = ledger.operations.get(`register ${taskId}`)
    if (operation?.outcome !== "unknown") continue
    const answer = await call(url, "POST /v1/register", { json: body })
    if (answer.status === 200) {
      // Had it happened before, the trail holds it twice now.
      operation.outcome = "acknowledged"
      operation.acknowledgements++
      ledger.hold(answer.body.access_token)
    } else if (!isRefusal(answer.status))
      found.unexpected(`registration ${taskId}, sent again, is answered with ${answer.status}: ${answer.text}`)
    else if (performance.now() - sent.at < GOOD_NONCE) refused.push(sent)
  }
  return refused
}

/** Launch tokens that were handed out and not used still register an agent. */
export async function useLaunchTokens({ url, admin, ledger, found }: Look): Promise<void> {
  const { body } = await call(url, "GET /v1/admin/apps", { bearer: admin })
  const active = new Set(
    body.apps
      .filter(({ status }: { status: string }) => status === "active")
      .map(({ app_id }: { app_id: string }) => app_id),
  )
  const unused = ledger.launchTokens.filter(({ singleUse }) => singleUse)
  const operators = unused.filter(({ appId }) => appId === undefined)
  const apps = unused.filter(({ appId }) => active.has(appId))
  for (const launchToken of [...operators.slice(-SAMPLED), ...apps.slice(-SAMPLED)]) {
    ledger.launchTokens.splice(ledger.launchTokens.indexOf(launchToken), 1)
    const taskId = ledger.name("t")
    const body = await registration(url, launchToken.text, { task_id: taskId })
    ledger.sent({ taskId, launchToken, body })
    const answer = await ledger.attempt("register", taskId, () => call(url, "POST /v1/register", { json: body }))
    if (answer?.status === 200) ledger.hold(answer.body.access_token)
    else found.lost(`an unused launch token is answered with ${answer?.status}: ${answer?.text}`)
  }
}

/** Single-use launch tokens and nonces that worked twice, acknowledged or not. */
export function doubles({ ledger, found }: Look, state: ExpectedState): void {
  const used = new Map<string, string>()
  for (const sent of registeredOf(ledger, state)) {
    for (const [what, secret] of onceOf(sent)) {
      const other = used.get(secret)
      if (other !== undefined) found.unexpected(`one ${what} registered ${other} and ${sent.taskId}`)
      used.set(secret, sent.taskId)
    }
  }
}

/** Secrets are spent by the registration that they are for, or not at all. */
export function spentForNothing(
  { ledger, found }: Look,
  refused: readonly SentRegistration[],
  state: ExpectedState,
): void {
  const used = new Set(registeredOf(ledger, state).flatMap((sent) => onceOf(sent).map(([, secret]) => secret)))
  for (const sent of refused) {
    const { appId } = sent.launchToken
    // A deregistered app's launch tokens are void.
    if (appId !== undefined && state.apps.get(appId)?.active !== true) continue
    if (!onceOf(sent).some(([, secret]) => used.has(secret)))
      found.half(`${sent.taskId} is refused, though what it brings registered no one`)
  }
}

const onceOf = ({ body, launchToken }: SentRegistration): [what: string, secret: string][] => [
  ["nonce", String(body["nonce"])],
  ...(launchToken.singleUse ? [["launch token", launchToken.text] satisfies [string, string]] : []),
]

function registeredOf(ledger: Ledger, { happened }: ExpectedState): SentRegistration[] {
  const registered = new Set(happened.filter(({ kind }) => kind === "register").map(({ marker }) => marker))
  return ledger.registrations.filter(({ taskId }) => registered.has(taskId))
}
