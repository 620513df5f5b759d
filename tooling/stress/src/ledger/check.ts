import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseVerifierKeys, TrailKeys, verifyTrail } from "@agentwrit/audit"
import { call, trail } from "@agentwrit/testing/client"
import { auditProblems, checkpointProblems } from "@agentwrit/testing/independent-audit"
import { Findings } from "../findings.ts"
import { checkAgents, checkFeed } from "./current-state.ts"
import { type Check, type HeldToken, isRevoked, type Ledger } from "./ledger.ts"
import { resendUnanswered, reuseSpent, spentTwice, useLaunchTokens } from "./single-use.ts"
import { type Event, TrailState } from "./trail-state.ts"

/** Operations that may succeed more than once. */
const REPEATABLE: ReadonlySet<string> = new Set(["revoke", "deregister_app"])

/** Compares a restarted broker with everything in the ledger. `folder` holds its `audit.pub`. */
export async function check(url: string, admin: string, ledger: Ledger, folder: string): Promise<Findings> {
  const found = new Findings()
  const now: Check = { url, admin, ledger, found }
  for (const problem of ledger.problems.splice(0)) found.unexpected(problem)
  await reuseSpent(now)
  const refused = await resendUnanswered(now)
  await useLaunchTokens(now)
  const events = await trail(url, admin)
  for (const problem of auditProblems(events)) found.unexpected(problem)
  const state = new TrailState(events)
  for (const problem of state.problems) found.unexpected(problem)
  compareOperations(now, state)
  spentTwice(now, refused, state)
  await checkCheckpoints(now, events, join(folder, "audit.pub"))
  await checkAgents(now, state)
  await checkFeed(now, state)
  await checkTokens(now, state)
  return found
}

/** Compares the operations of the ledger with those of the trail. */
function compareOperations({ ledger, found }: Check, { happened }: TrailState): void {
  const { tally } = found
  const counts = new Map<string, number>()
  for (const [kind, marker] of happened) counts.set(`${kind} ${marker}`, (counts.get(`${kind} ${marker}`) ?? 0) + 1)
  for (const [key, { kind, outcome, acknowledgements }] of ledger.operations) {
    const times = counts.get(key) ?? 0
    counts.delete(key)
    tally.tried++
    const isTooOften = (times > 1 || acknowledgements > 1) && !REPEATABLE.has(kind)
    if (outcome === "acknowledged" && times === 0) found.lost(`${key} was acknowledged and is gone`)
    else if (isTooOften || (outcome === "refused" && times > 0))
      found.unexpected(`${key} was ${outcome} (${acknowledgements} times) and is there ${times} times`)
    else if (outcome === "acknowledged") tally.survived++
    else if (times > 0) tally.recovered++
  }
  // A sign-in whose answer was lost has a token that nobody knows.
  for (const key of counts.keys()) if (!key.startsWith("sign_in ")) found.unexpected(`${key} was never tried`)
}

/** The kept checkpoint fits the trail, and so does a new one, for an independent verifier and for the package's own. */
async function checkCheckpoints(
  { url, admin, ledger, found }: Check,
  events: readonly Event[],
  verifierKeyFile: string,
): Promise<void> {
  if (ledger.checkpoint !== undefined)
    for (const problem of checkpointProblems(ledger.checkpoint, events, verifierKeyFile)) found.lost(problem)
  const { status, text } = await call(url, "GET /v1/audit/checkpoint", { bearer: admin })
  if (status !== 200) return found.lost(`no checkpoint is signed: ${text}`)
  ledger.keepCheckpoint(text)
  const all = await trail(url, admin)
  for (const problem of checkpointProblems(text, all, verifierKeyFile)) found.unexpected(problem)
  const keys = new TrailKeys(parseVerifierKeys(readFileSync(verifierKeyFile, "utf8")))
  const report = await verifyTrail(all, { signed: { keys, notes: [text] } })
  if (!report.ok) found.unexpected(report.message)
}

const TOKENS_AT_ONCE = 64

/** Validates the tokens that changed since the last check, and as many older ones. */
async function checkTokens({ url, ledger, found }: Check, { revoked, superseded }: TrailState): Promise<void> {
  const older = ledger.tokens.filter((token) => !ledger.fresh.has(token)).slice(-ledger.fresh.size)
  // One that a renewal replaced would end its agent when it comes back (CONTRACT 3). The scenario `model` tries that.
  const tokens = [...ledger.fresh, ...older].filter(({ jti }) => !superseded.has(jti))
  ledger.fresh.clear()
  const checkToken = async (token: HeldToken): Promise<void> => {
    const { body } = await call(url, "POST /v1/token/validate", { json: { token: token.text } })
    const isExpected = !isRevoked(token, revoked)
    if (isExpected && !body.valid) found.lost(`token ${token.jti} of ${token.sub} no longer validates`)
    if (!isExpected && body.valid) found.unexpected(`revoked token ${token.jti} of ${token.sub} validates`)
  }
  for (let at = 0; at < tokens.length; at += TOKENS_AT_ONCE)
    await Promise.all(tokens.slice(at, at + TOKENS_AT_ONCE).map(checkToken))
}
