import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { findOperator } from "@agentwrit/example-operator"
import { mcpGuard, protectedResource, requireToolScope, scopeFor } from "@agentwrit/sdk/mcp"
import { createVerifier } from "@agentwrit/sdk/verify"
import { serve } from "@hono/node-server"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import * as z from "zod"

// An MCP server with one scope for each customer, and an agent that calls its tool.

const operator = await findOperator()
const verifier = createVerifier({ brokerUrl: operator.brokerUrl })
await verifier.ready()

const resource = protectedResource({ resource: "http://127.0.0.1/mcp", scopes: ["read:data:*"] })
const gate = mcpGuard(verifier, { resourceMetadata: resource.metadataUrl })
const handler = createMcpHandler(() => {
  const server = new McpServer({ name: "customers", version: "1.0.0" })
  server.registerTool("read_customer", { inputSchema: z.object({ id: z.string() }) }, ({ id }, { http }) => {
    requireToolScope(http?.authInfo, scopeFor("read", "data", `customer-${id}`))
    return { content: [{ type: "text", text: `customer ${id}, read by ${http?.authInfo?.clientId}` }] }
  })
  return server
})
async function respond(request: Request): Promise<Response> {
  if (new URL(request.url).pathname === resource.path) return Response.json(resource.metadata)
  const authInfo = await gate(request)
  return authInfo instanceof Response ? authInfo : handler.fetch(request, { authInfo })
}
const server = serve({ fetch: respond, hostname: "127.0.0.1", port: 0 })
await once(server, "listening")
const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`)

// The MCP client sends the agent's token, and a proof of its key, because it uses the agent's fetch.
const registered = await operator.registerApp("mcp-server", ["read:data:*"])
const agent = await registered.app.createAgent({
  orchId: "crm",
  taskId: `t-${crypto.randomUUID()}`,
  scope: ["read:data:customer-7291"],
  allowedOrigins: [url.origin],
})
await agent.run(async () => {
  const client = new Client({ name: "support-agent", version: "1.0.0" })
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: (target, init) => agent.fetch(target, init) }))
  for (const id of ["7291", "1"]) {
    const { content, isError } = await client.callTool({ name: "read_customer", arguments: { id } })
    const [answer] = content
    console.log(`read_customer ${id}: ${isError ? "refused" : "done"}: ${answer?.type === "text" ? answer.text : ""}`)
  }
  await client.close()
})
const stranger = await fetch(url, { method: "POST", body: "{}" })
console.log(`without a token: ${stranger.status} ${stranger.headers.get("www-authenticate")}`)

await registered.deregister()
await verifier.close()
server.close()
