import type { AuthorityContext } from "./context.ts"
import type { Agent } from "./records.ts"
import { read } from "./store-read.ts"

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
export function queryAgents(context: AuthorityContext, query: AgentQuery): Promise<AgentPage> {
  return read(context, context.store.agents(query, context.clock.now()))
}

/** How many agents are active now (CONTRACT 2, "Active agent"). */
export function countActiveAgents(context: AuthorityContext): Promise<number> {
  return read(context, context.store.activeAgents(context.clock.now()))
}
