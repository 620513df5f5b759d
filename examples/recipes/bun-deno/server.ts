import { readReports, verifier } from "../guard.ts"

await verifier.ready()

export default {
  async fetch(request: Request): Promise<Response> {
    const result = await readReports(request)
    return result.ok ? Response.json({ readBy: result.claims.sub }) : result.response
  },
}
