import { readFileSync } from "node:fs"
import { join } from "node:path"
import { openCheckpoint, parseVerifierKey, verifyTrail } from "@agentwrit/audit"
import { call, registration, trail } from "@agentwrit/e2e/client"
import { digestOf, feedVerifier } from "@agentwrit/e2e/feed"
import { auditProblems, checkpointProblems } from "@agentwrit/e2e/independent-audit"
import { type Event, type ExpectedState, stateOf } from "./expected-state.ts"
import { type HeldToken, isRevoked, type Ledger } from "./ledger.ts"
import { emptyTally, type Tally } from "./report.ts"

/** Operations that answer with success again and again. */
const REPEATABLE = new Set(["revoke", "deregister_app"])

/** How the broker's state stands against the ledger. */
export interface Verdict {
  readonly tally: Tally
  readonly problems: readonly string[]
}

/** Holds a broker that has restarted against everything that was tried before. `folder`: where its `audit.pub` is. */
export async function check(url: string, admin: string, ledger: Ledger, folder: string): Promise<Verdict> {
  const problems = ledger.problems.splice(0)
  await resend(url, ledger, problems)
  await useLaunchTokens(url, ledger, problems)
  const events = await trail(url, admin)
  problems.push(...auditProblems(events))
  const state = stateOf(events)
  problems.push(...state.problems)
  const tally = compare(ledger, state, problems)
  problems.push(...doubles(ledger, state))
  problems.push(...(await checkpointFaults(url, admin, ledger, events, join(folder, "audit.pub"))))
  problems.push(...(await agentFaults(url, admin, state)))
  problems.push(...(await appFaults(url, admin, state)))
  problems.push(...(await tokenFaults(url, ledger, state)))
  problems.push(...(await feedFaults(url, state)))
  return { tally, problems }
}

/** What the ledger says was tried against what the trail says happened. */
function compare(ledger: Ledger, { happened }: ExpectedState, problems: string[]): Tally {
  const tally = emptyTally()
  const counts = new Map<string, number>()
  for (const { kind, marker } of happened) counts.set(`${kind} ${marker}`, (counts.get(`${kind} ${marker}`) ?? 0) + 1)
  for (const [key, { kind, outcome, acknowledgements }] of ledger.operations) {
    const times = counts.get(key) ?? 0
    counts.delete(key)
    tally.tried++
    const tooOften = (times > 1 || acknowledgements > 1) && !REPEATABLE.has(kind)
    if (outcome === "acknowledged" && times === 0) {
      tally.lost++
      problems.push(`LOST: ${key} was acknowledged and is gone`)
    } else if (tooOften || (outcome === "refused" && times > 0)) {
      tally.unexpected++
      problems.push(`UNEXPECTED: ${key} was ${outcome} (${acknowledgements} times) and is there ${times} times`)
    } else if (outcome === "acknowledged") tally.survived++
    else if (times > 0) tally.recovered++
  }
  for (const key of counts.keys()) {
    tally.unexpected++
    problems.push(`UNEXPECTED: ${key} is there and was never tried`)
  }
  return tally
}

/** A registration that nobody answered is sent again unchanged: it works if, and only if, it had not happened. */
async function resend(url: string, ledger: Ledger, problems: string[]): Promise<void> {
  const unlooked = ledger.registrations.slice(ledger.resent)
  ledger.resent = ledger.registrations.length
  for (const { taskId, body } of unlooked) {
    const operation = ledger.operations.get(`register ${taskId}`)
    if (operation?.outcome !== "unknown") continue
    const answer = await call(url, "POST /v1/register", { json: body })
    if (answer.status === 200) {
      // Had it happened before, the trail holds it twice now.
      operation.outcome = "acknowledged"
      operation.acknowledgements++
      ledger.hold(answer.body.access_token)
    } else if (answer.status !== 401 && answer.status !== 403)
      problems.push(`registration ${taskId}, sent again, is answered with ${answer.status}: ${answer.text}`)
  }
}

/** Launch tokens at a look: they are used up by it. */
const SAMPLED = 3

/** Launch tokens that were handed out and not used still register an agent. */
async function useLaunchTokens(url: string, ledger: Ledger, problems: string[]): Promise<void> {
  const unused = ledger.launchTokens.filter(({ singleUse, appId }) => singleUse && appId === undefined)
  for (const launchToken of unused.slice(-SAMPLED)) {
    ledger.launchTokens.splice(ledger.launchTokens.indexOf(launchToken), 1)
    const taskId = ledger.name("t")
    const body = await registration(url, launchToken.text, { task_id: taskId })
    ledger.registrations.push({ taskId, launchToken, body })
    const answer = await ledger.attempt("register", taskId, () => call(url, "POST /v1/register", { json: body }))
    if (answer?.status === 200) ledger.hold(answer.body.access_token)
    else problems.push(`LOST: an unused launch token is answered with ${answer?.status}: ${answer?.text}`)
  }
}

/** Single-use launch tokens and nonces that worked twice, acknowledged or not. */
function doubles(ledger: Ledger, { happened }: ExpectedState): string[] {
  const registered = new Set(happened.filter(({ kind }) => kind === "register").map(({ marker }) => marker))
  const used = new Map<string, string>()
  const problems: string[] = []
  for (const { taskId, launchToken, body } of ledger.registrations) {
    if (!registered.has(taskId)) continue
    const once = [
      ["nonce", String(body["nonce"])],
      ...(launchToken.singleUse ? [["launch token", launchToken.text]] : []),
    ]
    for (const [what, secret = ""] of once) {
      const other = used.get(secret)
      if (other !== undefined) problems.push(`UNEXPECTED: one ${what} registered ${other} and ${taskId}`)
      used.set(secret, taskId)
    }
  }
  return problems
}

async function checkpointFaults(
  url: string,
  admin: string,
  ledger: Ledger,
  events: readonly Event[],
  pinned: string,
): Promise<string[]> {
  const problems: string[] = []
  if (ledger.checkpoint !== undefined) problems.push(...checkpointProblems(ledger.checkpoint, events, pinned))
  const { status, text } = await call(url, "GET /v1/audit/checkpoint", { bearer: admin })
  if (status !== 200) return [...problems, `no checkpoint is signed: ${text}`]
  ledger.keepCheckpoint(text)
  const all = await trail(url, admin)
  problems.push(...checkpointProblems(text, all, pinned))
  // And by the package that auditors use.
  const key = parseVerifierKey(readFileSync(pinned, "utf8").trim())
  const report = await verifyTrail(all, { checkpoint: openCheckpoint(text, key) })
  return report.ok ? problems : [...problems, report.message]
}

async function agentFaults(url: string, admin: string, state: ExpectedState): Promise<string[]> {
  const problems: string[] = []
  const seen = new Set<string>()
  for (let offset = 0; ; offset += 1000) {
    const { body } = await call(url, `GET /v1/admin/agents?limit=1000&offset=${offset}`, { bearer: admin })
    for (const { agent_id, task_id, status } of body.agents) {
      seen.add(agent_id)
      const expected = state.agents.get(agent_id)
      if (expected === undefined) {
        problems.push(`HALF THERE: ${agent_id} is listed and not in the trail`)
        continue
      }
      if (expected.taskId !== task_id) problems.push(`HALF THERE: ${agent_id} is of task ${task_id}`)
      const isDead = ["token", "agent", "task"].some((level) =>
        state.revoked.has(`${level} ${{ token: expected.jti, agent: agent_id, task: task_id }[level]}`),
      )
      if ((status !== "active") !== (isDead || expected.released))
        problems.push(`HALF THERE: ${agent_id} is ${status}, which the trail does not say`)
    }
    if (body.agents.length < 1000) break
  }
  for (const agent of state.agents.keys())
    if (!seen.has(agent)) problems.push(`HALF THERE: ${agent} is in the trail and not listed`)
  return problems
}

async function appFaults(url: string, admin: string, state: ExpectedState): Promise<string[]> {
  const problems: string[] = []
  const { body } = await call(url, "GET /v1/admin/apps", { bearer: admin })
  const found = new Map<string, { scopes: string[]; status: string }>(
    body.apps.map((app: { app_id: string }) => [app.app_id, app]),
  )
  for (const [appId, expected] of state.apps) {
    const app = found.get(appId)
    found.delete(appId)
    if (app === undefined) problems.push(`HALF THERE: ${appId} is in the trail and not listed`)
    else if (app.scopes.join(" ") !== expected.scopes || (app.status === "active") !== expected.active)
      problems.push(`HALF THERE: ${appId} is ${app.status} with ${app.scopes.join(" ")}, which the trail does not say`)
  }
  for (const appId of found.keys()) problems.push(`HALF THERE: ${appId} is listed and not in the trail`)
  return problems
}

/** Tokens that are asked about at once. */
const AT_ONCE = 64

/** Tokens touched since the last look, and as many older ones. */
async function tokenFaults(url: string, ledger: Ledger, state: ExpectedState): Promise<string[]> {
  const older = ledger.tokens.filter((token) => !ledger.fresh.has(token)).slice(-ledger.fresh.size)
  const tokens = [...ledger.fresh, ...older]
  ledger.fresh.clear()
  const verdicts: boolean[] = []
  for (let at = 0; at < tokens.length; at += AT_ONCE)
    verdicts.push(...(await Promise.all(tokens.slice(at, at + AT_ONCE).map((token) => validates(url, token)))))
  return tokens.flatMap(({ jti, sub }, at) => {
    const expected = !isRevoked(tokens[at] as HeldToken, state.revoked)
    if (verdicts[at] === expected) return []
    return [expected ? `LOST: token ${jti} of ${sub} validates no more` : `revoked token ${jti} of ${sub} validates`]
  })
}

async function validates(url: string, { text }: HeldToken): Promise<boolean> {
  return (await call(url, "POST /v1/token/validate", { json: { token: text } })).body.valid
}

/** Verifiers that ask the feed learn of every revocation. */
async function feedFaults(url: string, { revoked }: ExpectedState): Promise<string[]> {
  const open = await feedVerifier(url)
  const listed = new Set<string>()
  for (let since = 0; ; ) {
    const { entries, to, head } = open((await call(url, `GET /v1/revocations?since=${since}`)).text)
    for (const { digest } of entries) listed.add(digest)
    if (to >= head) break
    since = to
  }
  return [...revoked]
    .filter((one) => {
      const [level = "", ...target] = one.split(" ")
      return !listed.has(digestOf(level, target.join(" ")))
    })
    .map((one) => `HALF THERE: ${one} is revoked and not in the feed`)
}
