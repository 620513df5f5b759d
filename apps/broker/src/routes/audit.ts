import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const auditEvents: Endpoint = endpoint("auditEvents", {
  async run(authority, { query }) {
    const { limit, offset } = query
    return success("auditEvents", { ...(await authority.queryEvents(query)), limit, offset })
  },
})

export const auditCheckpoint: Endpoint = endpoint("auditCheckpoint", {
  run: async (authority) => ({
    status: 200,
    body: await authority.signedCheckpoint(),
    mediaType: "text/plain; charset=utf-8",
  }),
})
