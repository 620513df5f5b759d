import assert from "node:assert/strict"
import type { Agent } from "@agentwrit/sdk"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js"
import { admin, registerApp } from "./broker.ts"
import { model } from "./model.ts"
import { listen, web } from "./serve.ts"

// Lets the recipe that the command line names ask a model whose tool calls a guarded API, by three agents: one that
// may, one of another scope, one that is revoked.

/** The recipes, by their folders. */
const RECIPES: Readonly<Record<string, () => Promise<{ ask(agent: Agent, prompt: string): Promise<string> }>>> = {
  "ai-sdk": () => import("../ai-sdk/agent.ts"),
  langchain: () => import("../langchain/agent.ts"),
  "openai-agents": () => import("../openai-agents/agent.ts"),
  mastra: () => import("../mastra/agent.ts"),
  mcp: () => import("../mcp/client.ts"),
}

const [name = ""] = process.argv.slice(2)
const load = RECIPES[name]
assert(load !== undefined, `there is no recipe ${name}`)

const api = await listen(async (origin) => {
  process.env["PUBLIC_URL"] = origin
  const { readReports, verifier } = await import("../guard.ts")
  await verifier.ready()
  return web(async (request) => {
    const result = await readReports(request)
    if (!result.ok) return result.response
    const report = `read by ${result.claims.sub}`
    return new URL(request.url).pathname === "/mcp" ? mcp(request, report) : new Response(report)
  })
})
const { clientId, clientSecret } = await registerApp()
Object.assign(process.env, {
  AGENTWRIT_CLIENT_ID: clientId,
  AGENTWRIT_CLIENT_SECRET: clientSecret,
  API_URL: api,
  OPENAI_BASE_URL: await listen(() => web(model)),
  OPENAI_API_KEY: "none",
  // They would send what they record to their makers.
  OPENAI_AGENTS_DISABLE_TRACING: "1",
  MASTRA_TELEMETRY_DISABLED: "1",
})
const { asAgent } = await import("../agent.ts")
const { ask } = await load()
const prompt = "What do the reports say?"

const allowed = await asAgent("t-1", "read:reports:*", async (agent) => [agent.id, await ask(agent, prompt)] as const)
assert(allowed[1].includes(`read by ${allowed[0]}`), allowed[1])

// A refusal is what the tool answers, or of MCP an error.
const refusal = (agent: Agent) => ask(agent, prompt).catch(({ message }: Error) => message)
assert.match(await asAgent("t-2", "read:data:*", refusal), /insufficient_scope/)

const revoked = await asAgent("t-3", "read:reports:*", async (agent) => {
  await admin.revoke({ level: "agent", target: agent.id })
  // The API learns of it a moment later.
  while ((await agent.fetch(`${api}/reports`)).ok);
  return refusal(agent)
})
assert.match(revoked, /unauthorized/)
process.stdout.write("allowed, refused for its scope, refused once revoked\n")
process.exit()

/** An MCP server with one tool. It keeps no sessions, and opens no stream of its own. */
async function mcp(request: Request, report: string): Promise<Response> {
  if (request.method !== "POST") return new Response(null, { status: 405 })
  const server = new McpServer({ name: "reports", version: "1.0.0" })
  server.registerTool("read_reports", {}, () => ({ content: [{ type: "text", text: report }] }))
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  await server.connect(transport)
  return transport.handleRequest(request)
}
