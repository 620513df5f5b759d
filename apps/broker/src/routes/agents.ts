import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const agents: Endpoint = endpoint("agents", {
  async run(authority, { query }) {
    const { limit, offset } = query
    const page = await authority.queryAgents(query)
    const { length } = page.agents
    // A page may end early. Clients take one that is shorter than its limit for the last one.
    return success("agents", { ...page, limit: offset + length < page.total ? length : limit, offset })
  },
})
