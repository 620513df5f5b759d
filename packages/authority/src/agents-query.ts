import type { AuthorityContext } from "./context.ts"
import type { Agent } from "./records.ts"

/** How an agent stands (CONTRACT 3, "An agent"): what ended it first counts, and a revocation more than running out. */
export type AgentStatus = "active" | "expired" | "released" | "revoked"

/** Which agents to answer; filters join by "and". */
export interface AgentQuery {
  readonly status?: AgentStatus
  readonly taskId?: string
  readonly orchId?: string
  readonly appId?: string
  /** 1 to 1000. */
  readonly limit: number
  readonly offset: number
}

/** An agent and how it stands. */
export interface AgentView
  extends Pick<Agent, "agentId" | "orchId" | "taskId" | "appId" | "scope" | "registeredAt" | "expiresAt"> {
  readonly status: AgentStatus
}

/** One page of the agents, newest first. */
export interface AgentPage {
  readonly agents: readonly AgentView[]
  /** How many agents match, on all pages. */
  readonly total: number
}

/** A page of the agents (CONTRACT 3, `GET /v1/admin/agents`). */
export function queryAgents({ store, clock }: AuthorityContext, query: AgentQuery): Promise<AgentPage> {
  return store.agents(query, clock.now())
}
