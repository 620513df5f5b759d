import type { VerifiedClaims } from "@agentwrit/sdk/verify"
import { initTRPC } from "@trpc/server"
import { fetchRequestHandler } from "@trpc/server/adapters/fetch"
import { readReports } from "../guard.ts"

const t = initTRPC.context<{ claims: VerifiedClaims }>().create()
const router = t.router({ reports: t.procedure.query(({ ctx }) => ({ readBy: ctx.claims.sub })) })

export async function handle(request: Request): Promise<Response> {
  const result = await readReports(request)
  if (!result.ok) return result.response
  const createContext = () => ({ claims: result.claims })
  return fetchRequestHandler({ endpoint: "/trpc", req: request, router, createContext })
}
