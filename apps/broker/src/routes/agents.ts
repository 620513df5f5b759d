import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const agents: Endpoint = endpoint("agents", {
  async run(authority, { query }) {
    const { limit, offset } = query
    return success("agents", { ...(await authority.queryAgents(query)), limit, offset })
  },
})
