import { readFileSync } from "node:fs"
import { join } from "node:path"
import { openCheckpoint, parseVerifierKey, verifyTrail } from "@agentwrit/audit"
import { call, trail } from "@agentwrit/testing/client"
import { auditProblems, checkpointProblems } from "@agentwrit/testing/independent-audit"
import { agentFaults, appFaults, feedFaults } from "./current-state.ts"
import { type Event, type ExpectedState, stateOf } from "./expected-state.ts"
import { Findings, type Look, type Verdict } from "./findings.ts"
import { type HeldToken, isRevoked, type Ledger } from "./ledger.ts"
import { doubles, resend, spentForNothing, useAgain, useLaunchTokens } from "./single-use.ts"

/** Operations that answer with success again and again. */
const REPEATABLE = new Set(["revoke", "deregister_app"])

/** Holds a broker that has restarted against everything that was tried before. `folder`: where its `audit.pub` is. */
export async function check(url: string, admin: string, ledger: Ledger, folder: string): Promise<Verdict> {
  const found = new Findings()
  const look: Look = { url, admin, ledger, found }
  for (const problem of ledger.problems.splice(0)) found.unexpected(problem)
  await useAgain(look)
  const refused = await resend(look)
  await useLaunchTokens(look)
  await signInAsApp(look)
  const events = await trail(url, admin)
  for (const problem of auditProblems(events)) found.unexpected(problem)
  const state = stateOf(events)
  for (const problem of state.problems) found.unexpected(problem)
  compare(look, state)
  doubles(look, state)
  spentForNothing(look, refused, state)
  await checkpointFaults(look, events, join(folder, "audit.pub"))
  await agentFaults(look, state)
  await appFaults(look, state)
  await tokenFaults(look, state)
  await feedFaults(look, state)
  return found
}

/** What the ledger says was tried against what the trail says happened. */
function compare({ ledger, found }: Look, { happened }: ExpectedState): void {
  const { tally } = found
  const counts = new Map<string, number>()
  for (const { kind, marker } of happened) counts.set(`${kind} ${marker}`, (counts.get(`${kind} ${marker}`) ?? 0) + 1)
  for (const [key, { kind, outcome, acknowledgements }] of ledger.operations) {
    const times = counts.get(key) ?? 0
    counts.delete(key)
    tally.tried++
    const tooOften = (times > 1 || acknowledgements > 1) && !REPEATABLE.has(kind)
    if (outcome === "acknowledged" && times === 0) found.lost(`${key} was acknowledged and is gone`)
    else if (tooOften || (outcome === "refused" && times > 0))
      found.unexpected(`${key} was ${outcome} (${acknowledgements} times) and is there ${times} times`)
    else if (outcome === "acknowledged") tally.survived++
    else if (times > 0) tally.recovered++
  }
  for (const key of counts.keys()) {
    // Nobody knows a sign-in's token before the answer, which may not have come.
    if (!key.startsWith("sign_in ")) found.unexpected(`${key} is there and was never tried`)
  }
}

/** The secret of the app that was registered last still opens it. */
async function signInAsApp({ url, admin, ledger, found }: Look): Promise<void> {
  const app = ledger.apps.at(-1)
  if (app === undefined) return
  const json = { client_id: app.clientId, client_secret: app.clientSecret }
  const answer = await call(url, "POST /v1/app/auth", { json })
  if (answer.status === 200) return ledger.signedIn(answer.body.access_token)
  const { status } = (await call(url, `GET /v1/admin/apps/${app.appId}`, { bearer: admin })).body
  if (status !== "inactive") found.lost(`the secret of ${app.appId} is answered with ${answer.status}`)
}

async function checkpointFaults(
  { url, admin, ledger, found }: Look,
  events: readonly Event[],
  pinned: string,
): Promise<void> {
  if (ledger.checkpoint !== undefined)
    for (const problem of checkpointProblems(ledger.checkpoint, events, pinned)) found.lost(problem)
  const { status, text } = await call(url, "GET /v1/audit/checkpoint", { bearer: admin })
  if (status !== 200) return found.lost(`no checkpoint is signed: ${text}`)
  ledger.keepCheckpoint(text)
  const all = await trail(url, admin)
  for (const problem of checkpointProblems(text, all, pinned)) found.unexpected(problem)
  // And by the package that auditors use.
  const key = parseVerifierKey(readFileSync(pinned, "utf8").trim())
  const report = await verifyTrail(all, { checkpoint: openCheckpoint(text, key) })
  if (!report.ok) found.unexpected(report.message)
}

/** Tokens that are asked about at once. */
const AT_ONCE = 64

/** Tokens touched since the last look, and as many older ones. */
async function tokenFaults({ url, ledger, found }: Look, state: ExpectedState): Promise<void> {
  const older = ledger.tokens.filter((token) => !ledger.fresh.has(token)).slice(-ledger.fresh.size)
  const tokens = [...ledger.fresh, ...older]
  ledger.fresh.clear()
  for (let at = 0; at < tokens.length; at += AT_ONCE) {
    const asked = tokens.slice(at, at + AT_ONCE)
    const verdicts = await Promise.all(asked.map((token) => validates(url, token)))
    for (const [i, token] of asked.entries()) {
      const expected = !isRevoked(token, state.revoked)
      if (expected && !verdicts[i]) found.lost(`token ${token.jti} of ${token.sub} validates no more`)
      if (!expected && verdicts[i]) found.unexpected(`revoked token ${token.jti} of ${token.sub} validates`)
    }
  }
}

async function validates(url: string, { text }: HeldToken): Promise<boolean> {
  return (await call(url, "POST /v1/token/validate", { json: { token: text } })).body.valid
}
