import { once } from "node:events"
import { createServer, type Server as HttpServer } from "node:http"
import type { AddressInfo } from "node:net"
import { shareTestBroker, type TestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { revoke, testVerifier, verdict } from "@agentwrit/testing/verifying"
import * as client2 from "@modelcontextprotocol/client"
import { requireBearerAuth as requireBearerAuthExpress2 } from "@modelcontextprotocol/express"
import { toNodeHandler } from "@modelcontextprotocol/node"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js"
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import * as server2 from "@modelcontextprotocol/server"
import express from "express"
import { describe, expect, onTestFinished, test } from "vitest"
import * as z from "zod"
import {
  mcpAuthInfo,
  mcpTokenVerifier,
  protectedResource,
  requireToolScope,
  scopeChallenge,
  scopeFor,
} from "../../src/mcp/index.ts"
import type { Verifier } from "../../src/verify/index.ts"

let broker: TestBroker
let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ broker, url, admin } = shared)
})

const RESOURCE = "https://tools.example/mcp"
const {
  metadata,
  metadataUrl,
  path: metadataPath,
} = protectedResource({
  resource: RESOURCE,
  scopes: ["read:data:*"],
  name: "Customers",
})

async function listening(server: HttpServer): Promise<string> {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server of the 1.x line whose tool reads a customer. */
async function serverOfOne(verifier: Verifier, resource?: URL): Promise<string> {
  const app = express().use(express.json())
  app.get(metadataPath, (_, res) => {
    res.json(metadata)
  })
  const bearer = requireBearerAuth({
    verifier: mcpTokenVerifier(verifier, { InvalidTokenError, ...(resource !== undefined && { resource }) }),
    resourceMetadataUrl: metadataUrl,
    ...(resource !== undefined && { expectedResource: resource }),
  })
  app.post("/mcp", bearer, async (req, res) => {
    const server = new McpServer({ name: "customers", version: "1.0.0" })
    server.registerTool("read_customer", { inputSchema: { id: z.string() } }, ({ id }, { authInfo }) => {
      requireToolScope(authInfo, scopeFor("read", "data", id))
      return { content: [{ type: "text", text: `customer ${id} for ${authInfo?.clientId}` }] }
    })
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined } as never)
    res.on("close", () => void transport.close())
    await server.connect(transport as never)
    await transport.handleRequest(req, res, req.body)
  })
  return listening(createServer(app))
}

async function clientOfOne(base: string, token: string) {
  const client = new Client({ name: "agent", version: "1.0.0" })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${base}/mcp`), { requestInit }) as never)
  onTestFinished(() => client.close())
  return client
}

/** A server of the 2.x line; `challenged` asks for the scope before the tool runs. */
function handlerOfTwo(challenged: boolean): server2.McpHttpHandler {
  return server2.createMcpHandler(() => {
    const server = new server2.McpServer({ name: "customers", version: "1.0.0" })
    const inputSchema = z.object({ id: z.string() })
    const asks = scopeChallenge(({ id }) => scopeFor("read", "data", String(id)))
    const config = { inputSchema, ...(challenged && { scopeChallenge: asks }) }
    server.registerTool("read_customer", config, ({ id }, { http }) => {
      requireToolScope(http?.authInfo, scopeFor("read", "data", id))
      return { content: [{ type: "text", text: `customer ${id} for ${http?.authInfo?.clientId}` }] }
    })
    return server
  })
}

async function serverOfTwo(verifier: Verifier, challenged = false): Promise<string> {
  const gate = server2.requireBearerAuth({
    verifier: mcpTokenVerifier(verifier, { OAuthError: server2.OAuthError }),
    resourceMetadataUrl: metadataUrl,
  })
  const handler = handlerOfTwo(challenged)
  const node = toNodeHandler({
    fetch: async (request) => {
      const auth = await gate(request)
      return auth instanceof Response ? auth : handler.fetch(request, { authInfo: auth })
    },
  })
  return listening(createServer((req, res) => void node(req as never, res)))
}

async function clientOfTwo(base: string, token: string) {
  const client = new client2.Client({ name: "agent", version: "1.0.0" })
  const authProvider = { token: async () => token }
  await client.connect(new client2.StreamableHTTPClientTransport(new URL(`${base}/mcp`), { authProvider }))
  onTestFinished(() => client.close())
  return client
}

const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]?.text
const failureOf = (result: unknown) => ({ failed: (result as { isError?: boolean }).isError, text: textOf(result) })

const lines = [
  ["@modelcontextprotocol/sdk 1.x", serverOfOne, clientOfOne],
  ["@modelcontextprotocol/server 2.x", serverOfTwo, clientOfTwo],
] as const

describe.each(lines)("with %s", (_, startServer, connectClient) => {
  test("tools run for agents whose scope covers them, also by `*`, and tell others the missing scope", async () => {
    const base = await startServer(testVerifier({ brokerUrl: url }))
    const narrow = await agent(url, admin)
    const wide = await agent(url, admin, { requested_scope: ["read:data:*"] })
    const ofNarrow = await connectClient(base, narrow.access_token)
    const ofWide = await connectClient(base, wide.access_token)
    const read = (id: string) => ({ name: "read_customer", arguments: { id } })
    expect(textOf(await ofNarrow.callTool(read("7")))).toBe(`customer 7 for ${narrow.agent_id}`)
    expect(textOf(await ofWide.callTool(read("9")))).toBe(`customer 9 for ${wide.agent_id}`)
    expect(failureOf(await ofNarrow.callTool(read("9")))).toEqual({
      failed: true,
      text: expect.stringContaining("missing: read:data:9; nearest held: read:data:7"),
    })
    for (const client of [ofNarrow, ofWide])
      expect(failureOf(await client.callTool(read("*")))).toEqual({
        failed: true,
        text: expect.stringMatching(/scope/),
      })
  })

  test("a bad or revoked token gets a 401 that names the metadata and gives no reason", async () => {
    const verifier = testVerifier({ brokerUrl: url })
    const base = await startServer(verifier)
    const { access_token, agent_id } = await agent(url, admin)
    await connectClient(base, access_token)
    await revoke(url, admin, "agent", agent_id)
    await expect.poll(() => verdict(verifier, access_token)).toBe("token_revoked")
    for (const bearer of [access_token, "x", `${access_token}=`]) {
      const { status, headers, text } = await call(base, "POST /mcp", { bearer, json: {} })
      expect(status).toBe(401)
      const challenge = headers.get("www-authenticate")
      expect(challenge).toContain('error="invalid_token", error_description="token is invalid or expired"')
      expect(challenge).toContain(`resource_metadata="${metadataUrl}"`)
      expect(text).not.toContain("revoked")
    }
    expect((await call(base, "POST /mcp", { json: {} })).status).toBe(401)
    await expect(connectClient(base, access_token)).rejects.toThrow()
  })

  test("no token is accepted while none can be verified", async () => {
    const base = await startServer(testVerifier({ brokerUrl: "http://127.0.0.1:9" }))
    expect((await call(base, "POST /mcp", { bearer: admin, json: {} })).status).toBe(500)
  })
})

test("in 2.x, a tool's scopeChallenge answers 403 before the tool runs", async () => {
  const base = await serverOfTwo(testVerifier({ brokerUrl: url }), true)
  const narrow = await agent(url, admin)
  const wide = await agent(url, admin, { requested_scope: ["read:data:*"] })
  const client = await clientOfTwo(base, narrow.access_token)
  expect(textOf(await client.callTool({ name: "read_customer", arguments: { id: "7" } }))).toContain("customer 7")
  const ofWide = await clientOfTwo(base, wide.access_token)
  expect(textOf(await ofWide.callTool({ name: "read_customer", arguments: { id: "9" } }))).toContain("customer 9")
  const json = {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "read_customer", arguments: { id: "9" } },
  }
  const headers = { accept: "application/json, text/event-stream", "content-type": "application/json" }
  const refused = await call(base, "POST /mcp", { bearer: narrow.access_token, json, headers })
  expect(refused.status).toBe(403)
  expect(refused.headers.get("www-authenticate")).toContain('error="insufficient_scope"')
  expect(refused.headers.get("www-authenticate")).toContain('scope="read:data:9"')
})

test("a tool with an empty list of scopes runs for nobody", () => {
  expect(() => requireToolScope({ scopes: ["read:data:*"] }, [])).toThrow(expect.objectContaining({ status: 403 }))
  expect(() => requireToolScope(undefined, [])).toThrow(expect.objectContaining({ status: 403 }))
})

test("a scopeChallenge names every scope for a caller without auth info, and none for one that has them", () => {
  const asks = scopeChallenge("read:data:7")
  const request = { params: {} }
  expect(asks({ request })).toMatchObject({ scopes: ["read:data:7"] })
  expect(asks({ request, authInfo: { scopes: ["read:data:*"] } })).toBeUndefined()
})

test("the Express middleware of 2.x accepts the verifier too", async () => {
  const verifier = testVerifier({ brokerUrl: url })
  const app = express()
  const bearer = requireBearerAuthExpress2({ verifier: mcpTokenVerifier(verifier, { OAuthError: server2.OAuthError }) })
  app.get("/", bearer, (req, res) => {
    res.json({ client: (req as { auth?: { clientId: string } }).auth?.clientId })
  })
  const base = await listening(createServer(app))
  const { access_token, agent_id } = await agent(url, admin)
  expect((await call(base, "GET /", { bearer: access_token })).body).toEqual({ client: agent_id })
  expect((await call(base, "GET /", { bearer: "x" })).status).toBe(401)
})

test("with a resource, tokens whose audience does not name it are refused", async () => {
  const { access_token } = await agent(url, admin)
  const [head, claims] = [tokenPart(access_token, 0), tokenPart(access_token, 1)]
  const made = (aud: string[]) => signedByBroker(broker, head, { ...claims, aud })
  const verifier = testVerifier({ brokerUrl: url, audience: "tools" })
  const tokens = mcpTokenVerifier(verifier, { InvalidTokenError, resource: RESOURCE })
  expect(await tokens.verifyAccessToken(made(["tools", RESOURCE]))).toMatchObject({ resource: new URL(RESOURCE) })
  for (const token of [made(["tools"]), made([RESOURCE]), access_token])
    await expect(tokens.verifyAccessToken(token)).rejects.toBeInstanceOf(InvalidTokenError)
  const base = await serverOfOne(testVerifier({ brokerUrl: url, audience: RESOURCE }), new URL(RESOURCE))
  const status = async (bearer: string) => (await call(base, "POST /mcp", { bearer, json: {} })).status
  expect(await status(made([RESOURCE]))).not.toBe(401)
  expect(await status(access_token)).toBe(401)
})

test("tokens of operators are refused unless the options accept them, and wrong options are a TypeError", async () => {
  const verifier = testVerifier({ brokerUrl: url })
  const agents = mcpTokenVerifier(verifier, { InvalidTokenError })
  await expect(agents.verifyAccessToken(admin)).rejects.toBeInstanceOf(InvalidTokenError)
  const all = mcpTokenVerifier(verifier, { InvalidTokenError, kinds: ["agent", "admin"] })
  expect(await all.verifyAccessToken(admin)).toMatchObject({ clientId: "admin" })
  for (const options of [{}, { InvalidTokenError, scope: "read:data:7" }, { InvalidTokenError, kinds: [] }])
    expect(() => mcpTokenVerifier(verifier, options as never), JSON.stringify(options)).toThrow(TypeError)
})

test("auth info has the form that the MCP SDK expects", async () => {
  const verifier = testVerifier({ brokerUrl: url })
  const { access_token, agent_id } = await agent(url, admin)
  const claims = await verifier.verify(access_token)
  expect(mcpAuthInfo(access_token, claims)).toEqual({
    token: access_token,
    clientId: agent_id,
    scopes: ["read:data:7"],
    expiresAt: claims.exp,
    extra: { claims },
  })
})

test("the RFC 9728 metadata is where clients of both lines look for it", async () => {
  expect(metadataUrl).toBe("https://tools.example/.well-known/oauth-protected-resource/mcp")
  expect(metadataUrl).toBe(server2.getOAuthProtectedResourceMetadataUrl(new URL(RESOURCE)))
  expect(protectedResource({ resource: "https://t.example" }).path).toBe("/.well-known/oauth-protected-resource")
  const base = await serverOfOne(testVerifier({ brokerUrl: url }))
  const found = await client2.discoverOAuthProtectedResourceMetadata(`${base}/mcp`)
  expect(found).toEqual({
    resource: RESOURCE,
    bearer_methods_supported: ["header"],
    dpop_signing_alg_values_supported: ["EdDSA", "Ed25519"],
    scopes_supported: ["read:data:*"],
    resource_name: "Customers",
  })
  const authorizationServers = ["https://login.example"]
  expect(protectedResource({ resource: RESOURCE, authorizationServers }).metadata).toMatchObject({
    authorization_servers: authorizationServers,
  })
  for (const resource of ["tools", "ftp://x", "https://x.example/#y"])
    expect(() => protectedResource({ resource })).toThrow(TypeError)
  for (const wrong of [
    { scopes: ["read"] },
    { scopes: [] },
    { scope: ["read:data:7"] },
    { authorizationServers: ["login"] },
  ])
    expect(() => protectedResource({ resource: RESOURCE, ...wrong })).toThrow(TypeError)
})
