import { call } from "@agentwrit/testing/client"
import { digestOf, feedVerifier } from "@agentwrit/testing/feed"
import type { Check } from "./ledger.ts"
import type { ExpectedAgent, TrailState } from "./trail-state.ts"

/** How far an agent's expiry may lie from its event: a commit may wait for the disk. */
const EXPIRY_SLACK_MS = 30_000

/** Compares the list of agents with the trail. */
export async function checkAgents({ url, admin, ledger, found }: Check, state: TrailState): Promise<void> {
  const appOf = new Map(ledger.registrations.map(({ taskId, launchToken }) => [taskId, launchToken.appId]))
  const missing = new Set(state.agents.keys())
  for (let offset = 0; ; offset += 1000) {
    const { body } = await call(url, `GET /v1/admin/agents?limit=1000&offset=${offset}`, { bearer: admin })
    for (const { agent_id, task_id, orch_id, scope, app_id, expires_at, status } of body.agents) {
      missing.delete(agent_id)
      const expected = state.agents.get(agent_id)
      if (expected === undefined) {
        found.unexpected(`half there: ${agent_id} is listed and not in the trail`)
        continue
      }
      const is = [task_id, orch_id, scope.join(" "), app_id, status].join()
      const must = [
        expected.taskId,
        expected.orchId,
        expected.scope,
        appOf.get(task_id),
        statusOf(agent_id, expected, state),
      ]
      if (is !== must.join()) found.unexpected(`half there: ${agent_id} is ${is}, the trail says ${must.join()}`)
      if (Math.abs(Date.parse(expires_at) - expected.expiresAtMs) > EXPIRY_SLACK_MS)
        found.unexpected(`half there: ${agent_id} expires at ${expires_at}, which the trail does not say`)
    }
    if (body.agents.length < 1000) break
  }
  for (const agent of missing) found.unexpected(`half there: ${agent} is in the trail and not listed`)
}

function statusOf(agentId: string, { jti, taskId, isReleased }: ExpectedAgent, { revoked }: TrailState): string {
  if (isReleased) return "released"
  const targets = [`token ${jti}`, `agent ${agentId}`, `task ${taskId}`]
  return targets.some((target) => revoked.has(target)) ? "revoked" : "active"
}

/** Compares the feed with the revocations of the trail. */
export async function checkFeed({ url, found }: Check, { revoked }: TrailState): Promise<void> {
  const open = await feedVerifier(url)
  const listed = new Set<string>()
  for (let since = 0; ; ) {
    const { entries, to, head } = open((await call(url, `GET /v1/revocations?since=${since}`)).text)
    for (const { level, digest } of entries) listed.add(`${level} ${digest}`)
    if (to >= head) break
    since = to
  }
  for (const revocation of revoked) {
    const [level = "", ...target] = revocation.split(" ")
    if (level === "heirs") continue
    if (!listed.delete(`${level} ${digestOf(level, target.join(" "))}`))
      found.unexpected(`half there: ${revocation} is revoked and not in the feed`)
  }
  for (const entry of listed) found.unexpected(`half there: ${entry} is in the feed and not revoked`)
}
