import { REVOKE_ALL_TARGET, type RevocationTarget } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import type { Agent } from "../ports/records.ts"

/**
 * Whether the agent, or its current token, is revoked (CONTRACT 2, "Active agent"). A released token is revoked too.
 */
export function isAgentRevoked({ revocations }: AuthorityContext, agent: Agent): boolean {
  const { agentId, taskId, appId, jti, registeredAt } = agent
  const targets: RevocationTarget[] = [
    { level: "token", target: jti },
    { level: "agent", target: agentId },
    { level: "task", target: taskId },
    { level: "all", target: REVOKE_ALL_TARGET },
  ]
  if (appId !== undefined) targets.push({ level: "app", target: appId })
  // A cutoff ends every agent that was registered up to then: its token cannot be renewed into a later one.
  return targets.some((target) => revocations.isRevoked(target, toUnixSeconds(registeredAt)))
}
