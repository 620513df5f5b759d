import { call, registration } from "@agentwrit/testing/client"
import type { Check, SentRegistration } from "./ledger.ts"
import type { TrailState } from "./trail-state.ts"

/** How many of each kind one check tries. */
const SAMPLE = 3

/** A nonce lives 30 s (CONTRACT 2); a younger one is certainly valid. */
const VALID_NONCE_MS = 20_000

const isRefusal = (status: number): boolean => status === 401 || status === 403

/**
 * What an acknowledged registration spent stays spent: the same request is refused, and so is its launch token in a new
 * one.
 */
export async function reuseSpent({ url, ledger, found }: Check): Promise<void> {
  const acknowledged = ledger.registrations
    .slice(ledger.checkedRegistrations)
    .filter(({ taskId }) => ledger.operations.get(`register ${taskId}`)?.outcome === "acknowledged")
  for (const { taskId, launchToken, body } of acknowledged.slice(-SAMPLE)) {
    const bodies: Record<string, unknown>[] = [body]
    if (launchToken.singleUse) bodies.push(await registration(url, launchToken.text, { task_id: ledger.name("t") }))
    for (const json of bodies) {
      const { status } = await call(url, "POST /v1/register", { json })
      if (!isRefusal(status)) found.unexpected(`the secrets of ${taskId} are answered with ${status} again`)
    }
  }
}

/**
 * Sends each unanswered registration again. It must work if, and only if, it had not happened.
 * @returns the refused ones whose nonce was still valid.
 */
export async function resendUnanswered({ url, ledger, found }: Check): Promise<SentRegistration[]> {
  const unchecked = ledger.registrations.slice(ledger.checkedRegistrations)
  ledger.checkedRegistrations = ledger.registrations.length
  const refused: SentRegistration[] = []
  for (const sent of unchecked) {
    const operation = ledger.operations.get(`register ${sent.taskId}`)
    if (operation?.outcome !== "unknown") continue
    const { status, body, text } = await call(url, "POST /v1/register", { json: sent.body })
    if (status === 200) {
      ledger.acknowledge(operation)
      ledger.hold(body.access_token)
    } else if (!isRefusal(status)) found.unexpected(`registration ${sent.taskId}, sent again, got ${status}: ${text}`)
    else if (performance.now() - sent.sentAtMs < VALID_NONCE_MS) refused.push(sent)
  }
  return refused
}

/** Unused launch tokens still register an agent. */
export async function useLaunchTokens({ url, ledger, found }: Check): Promise<void> {
  // The launch tokens of a deregistered app are void.
  const unused = ledger.launchTokens.filter(({ singleUse, appId }) => singleUse && appId === undefined)
  for (const launchToken of unused.slice(-SAMPLE)) {
    ledger.launchTokens.splice(ledger.launchTokens.indexOf(launchToken), 1)
    const taskId = ledger.name("t")
    const body = await registration(url, launchToken.text, { task_id: taskId })
    ledger.registrations.push({ taskId, launchToken, body, sentAtMs: performance.now() })
    const answer = await ledger.attempt("register", taskId, () => call(url, "POST /v1/register", { json: body }))
    if (answer?.status === 200) ledger.hold(answer.body.access_token)
    else found.lost(`an unused launch token is answered with ${answer?.status}: ${answer?.text}`)
  }
}

/** No launch token or nonce was spent twice, and none was spent by a registration that did not happen. */
export function spentTwice({ ledger, found }: Check, refused: readonly SentRegistration[], state: TrailState): void {
  const registered = new Set(state.happened.filter(([kind]) => kind === "register").map(([, marker]) => marker))
  const spentBy = new Map<string, string>()
  for (const sent of ledger.registrations.filter(({ taskId }) => registered.has(taskId)))
    for (const secret of spends(sent)) {
      const other = spentBy.get(secret)
      if (other !== undefined) found.unexpected(`${other} and ${sent.taskId} spent the same launch token or nonce`)
      spentBy.set(secret, sent.taskId)
    }
  for (const sent of refused) {
    const { appId } = sent.launchToken
    const isVoid = appId !== undefined && state.apps.get(appId) !== true
    if (!isVoid && !spends(sent).some((secret) => spentBy.has(secret)))
      found.unexpected(`half there: ${sent.taskId} is refused, but its secrets registered no agent`)
  }
}

const spends = ({ body, launchToken }: SentRegistration): string[] => [
  String(body["nonce"]),
  ...(launchToken.singleUse ? [launchToken.text] : []),
]
