import type { CallAnswer, CallInput, CallOptions } from "../broker-client.ts"
import type { listAgents } from "./calls.ts"

/** What `GET /v1/admin/agents` takes; filters join by "and". */
export type AgentsQuery = NonNullable<CallInput<typeof listAgents>["query"]>

/** A page of the agents, newest first. Instants are milliseconds since the Unix epoch. */
export type AgentsPage = CallAnswer<typeof listAgents>

/** An agent and how it stands. */
export type AgentView = AgentsPage["agents"][number]

/** Which agents to go through. */
export type AgentsFilter = Omit<AgentsQuery, "limit" | "offset">

/** Asks for one page. */
export type FetchAgents = (query: AgentsQuery, options: CallOptions) => Promise<AgentsPage>

/** Agents at once: the most that the broker answers. */
const PAGE = 1000

/**
 * Goes through all agents that match, newest first, each once. Agents that register meanwhile, or come to match or no longer match,
 * move the pages; no other is missed for that.
 */
export async function* eachAgent(
  fetch: FetchAgents,
  filter: AgentsFilter,
  options: CallOptions,
): AsyncGenerator<AgentView, void, undefined> {
  const seen = new Set<string>()
  for (let offset = 0; ; ) {
    const { agents, limit } = await fetch({ ...filter, limit: PAGE, offset }, options)
    const [first] = agents
    // A page begins with the last of the one before. If not, agents have left the list, and others moved up to where it was read.
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
