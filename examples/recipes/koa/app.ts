import Koa from "koa"
import { readReports } from "../guard.ts"

export const app = new Koa()

app.use(async (ctx, next) => {
  const headers = ctx.headers as Record<string, string>
  const result = await readReports(new Request(ctx.href, { method: ctx.method, headers }))
  if (!result.ok) {
    ctx.body = result.response
    return
  }
  ctx.state["claims"] = result.claims
  await next()
})
app.use((ctx) => {
  ctx.body = { readBy: ctx.state["claims"].sub }
})
