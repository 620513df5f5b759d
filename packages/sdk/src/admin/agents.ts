import type { CallAnswer, CallInput, CallOptions } from "../broker-client.ts"
import type { listAgents } from "./calls.ts"

/** The query of `GET /v1/admin/agents`; an agent must match all filters. */
export type AgentsQuery = NonNullable<CallInput<typeof listAgents>["query"]>

/** A page of the agents, newest first. Instants are milliseconds since the Unix epoch. */
export type AgentsPage = CallAnswer<typeof listAgents>

/** An agent and its status. */
export type AgentView = AgentsPage["agents"][number]

/** Which agents to list. */
export type AgentsFilter = Omit<AgentsQuery, "limit" | "offset">

export type FetchAgents = (query: AgentsQuery, options: CallOptions) => Promise<AgentsPage>

/** The longest page of the broker. */
const PAGE_LENGTH = 1000

/**
 * Lists all agents that match, newest first, each once. Agents that register, or start or stop to match, meanwhile
 * shift the pages; no other agent is missed because of that.
 */
export async function* eachAgent(
  fetch: FetchAgents,
  filter: AgentsFilter,
  options: CallOptions,
): AsyncGenerator<AgentView, void, undefined> {
  const seen = new Set<string>()
  for (let offset = 0; ; ) {
    const { agents, limit } = await fetch({ ...filter, limit: PAGE_LENGTH, offset }, options)
    const [first] = agents
    // Pages overlap by one agent. Without the overlap, agents have left the list and others moved up into the pages
    // already read.
    if (offset > 0 && (first === undefined || !seen.has(first.agentId))) {
      offset = Math.max(0, offset - limit)
      continue
    }
    for (const agent of agents) {
      if (!seen.has(agent.agentId)) yield agent
      seen.add(agent.agentId)
    }
    if (agents.length < limit) return
    offset += agents.length - 1
  }
}
