import { boundedPage } from "../bounded-page.ts"
import type { AuthorityContext } from "../context.ts"
import type { AgentPage, AgentQuery } from "../ports/records.ts"

/** A page of agents (CONTRACT 3, `GET /v1/admin/agents`). It ends early at 4 MiB: an app chooses their scopes. */
export async function queryAgents({ store, clock }: AuthorityContext, query: AgentQuery): Promise<AgentPage> {
  const now = clock.now()
  const { entries, total } = await boundedPage(query, async (limit, offset) => {
    const page = await store.records.agents({ ...query, limit, offset }, now)
    return { entries: page.agents, total: page.total }
  })
  return { agents: entries, total }
}

/** Number of agents that are active now (CONTRACT 2, "Active agent"). */
export function countActiveAgents(context: AuthorityContext): Promise<number> {
  return context.store.records.activeAgents(context.clock.now())
}
