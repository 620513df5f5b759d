import { parseAgentId } from "@agentwrit/core"
import type { AgentView, AgentWritAdmin } from "@agentwrit/sdk/admin"

/** The agent of an id; `undefined` if the broker does not know it. */
export async function agentOf(admin: AgentWritAdmin, agentId: string): Promise<AgentView | undefined> {
  const { orchId, taskId } = parseAgentId(agentId)
  for await (const agent of admin.agents({ orchId, taskId })) if (agent.agentId === agentId) return agent
  return undefined
}
