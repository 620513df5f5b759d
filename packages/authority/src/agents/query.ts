import type { AuthorityContext } from "../context.ts"
import type { AgentPage, AgentQuery } from "../ports/records.ts"

/** A page of agents (CONTRACT 3, `GET /v1/admin/agents`). */
export function queryAgents(context: AuthorityContext, query: AgentQuery): Promise<AgentPage> {
  return context.store.records.agents(query, context.clock.now())
}

/** Number of agents that are active now (CONTRACT 2, "Active agent"). */
export function countActiveAgents(context: AuthorityContext): Promise<number> {
  return context.store.records.activeAgents(context.clock.now())
}
