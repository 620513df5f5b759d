import { call } from "@agentwrit/testing/client"
import { digestOf, feedVerifier } from "@agentwrit/testing/feed"
import type { ExpectedAgent, ExpectedState } from "./expected-state.ts"
import type { Look } from "./findings.ts"

// What the broker answers of its present state, held against what follows from its trail.

/** Milliseconds between an event and the instant that a lifetime is reckoned from: a commit may wait for the disk. */
const SLACK = 30_000

/** Agents, with everything that is said of them. */
export async function agentFaults({ url, admin, ledger, found }: Look, state: ExpectedState): Promise<void> {
  const appOf = new Map(ledger.registrations.map(({ taskId, launchToken }) => [taskId, launchToken.appId]))
  const seen = new Set<string>()
  for (let offset = 0; ; offset += 1000) {
    const { body } = await call(url, `GET /v1/admin/agents?limit=1000&offset=${offset}`, { bearer: admin })
    for (const agent of body.agents) {
      const { agent_id, task_id, status } = agent
      seen.add(agent_id)
      const expected = state.agents.get(agent_id)
      if (expected === undefined) {
        found.half(`${agent_id} is listed and not in the trail`)
        continue
      }
      const said = { task: task_id, orch: agent.orch_id, scope: agent.scope.join(" "), app: agent.app_id }
      const told = { task: expected.taskId, orch: expected.orchId, scope: expected.scope, app: appOf.get(task_id) }
      if (JSON.stringify(said) !== JSON.stringify(told))
        found.half(`${agent_id} is ${JSON.stringify(said)}, and was registered as ${JSON.stringify(told)}`)
      if (Math.abs(Date.parse(agent.expires_at) - expected.expiresAt) > SLACK)
        found.half(`${agent_id} expires at ${agent.expires_at}, which the trail does not say`)
      if (status !== statusOf(agent_id, expected, state))
        found.half(`${agent_id} is ${status}, which the trail does not say`)
    }
    if (body.agents.length < 1000) break
  }
  for (const agent of state.agents.keys()) if (!seen.has(agent)) found.half(`${agent} is in the trail and not listed`)
}

function statusOf(agentId: string, { jti, taskId, released }: ExpectedAgent, { revoked }: ExpectedState): string {
  if (released) return "released"
  const isRevoked = [`token ${jti}`, `agent ${agentId}`, `task ${taskId}`].some((target) => revoked.has(target))
  return isRevoked ? "revoked" : "active"
}

/** Apps, with everything that is said of them. */
export async function appFaults({ url, admin, ledger, found }: Look, state: ExpectedState): Promise<void> {
  const clientOf = new Map(ledger.apps.map(({ appId, clientId }) => [appId, clientId]))
  const { body } = await call(url, "GET /v1/admin/apps", { bearer: admin })
  const left = new Set(state.apps.keys())
  for (const app of body.apps) {
    const { app_id, scopes, status, token_ttl, client_id } = app
    const expected = state.apps.get(app_id)
    left.delete(app_id)
    if (expected === undefined) {
      found.half(`${app_id} is listed and not in the trail`)
      continue
    }
    const said = [status, scopes.join(" "), `${token_ttl} s`, client_id].join(", ")
    const client = clientOf.get(app_id) ?? client_id
    const told = [expected.active ? "active" : "inactive", expected.scopes, expected.tokenTtl, client].join(", ")
    if (said !== told) found.half(`${app_id} is ${said}, and was told to be ${told}`)
  }
  for (const appId of left) found.half(`${appId} is in the trail and not listed`)
}

/** Verifiers that ask the feed learn of every revocation, and of no other. */
export async function feedFaults({ url, found }: Look, { revoked }: ExpectedState): Promise<void> {
  const open = await feedVerifier(url)
  const listed = new Set<string>()
  for (let since = 0; ; ) {
    const { entries, to, head } = open((await call(url, `GET /v1/revocations?since=${since}`)).text)
    for (const { level, digest } of entries) listed.add(`${level} ${digest}`)
    if (to >= head) break
    since = to
  }
  for (const one of revoked) {
    const [level = "", ...target] = one.split(" ")
    if (!listed.delete(`${level} ${digestOf(level, target.join(" "))}`))
      found.half(`${one} is revoked and not in the feed`)
  }
  for (const entry of listed) found.half(`${entry} is in the feed and not revoked`)
}
