import { readReports } from "../../../guard.ts"

export async function GET(request: Request): Promise<Response> {
  const result = await readReports(request)
  return result.ok ? Response.json({ readBy: result.claims.sub }) : result.response
}
