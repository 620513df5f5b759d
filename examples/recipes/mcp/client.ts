import type { Agent } from "@agentwrit/sdk"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { API } from "../agent.ts"

export async function ask(agent: Agent): Promise<string> {
  const client = new Client({ name: "reporter", version: "1.0.0" })
  // Not `requestInit.headers`: they keep the first token, which ends with the first renewal.
  await client.connect(new StreamableHTTPClientTransport(new URL(`${API}/mcp`), { fetch: agent.fetch }))
  const { content } = await client.callTool({ name: "read_reports" })
  await client.close()
  return JSON.stringify(content)
}
