import { shareTestBroker, type TestBroker } from "@agentwrit/testing/broker"
import { agent, call } from "@agentwrit/testing/client"
import { signedByBroker, tokenPart } from "@agentwrit/testing/forged-tokens"
import { registerApp } from "@agentwrit/testing/sdk-app"
import { testVerifier } from "@agentwrit/testing/verifying"
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js"
import { Hono } from "hono"
import { expect, test } from "vitest"
import * as express from "../../src/express.ts"
import * as fastify from "../../src/fastify.ts"
import * as hono from "../../src/hono.ts"
import { mcpTokenVerifier, scopeChallenge } from "../../src/mcp/index.ts"
import { requireScope } from "../../src/verify/index.ts"

// Before: a guard without options let tokens of apps and operators in, and an empty or misspelt scope let every token
// in. An MCP server with a resource took tokens that named no audience.

let broker: TestBroker
let url: string
let admin: string
shareTestBroker((shared) => {
  ;({ broker, url, admin } = shared)
})

test("a guard without options lets in agents, and neither an app nor an operator", async () => {
  const api = new Hono().get("/", hono.guard(testVerifier({ brokerUrl: url })), (c) => c.text("open"))
  const status = async (token: string) =>
    (await api.request("/", { headers: { authorization: `Bearer ${token}` } })).status
  const { clientId: client_id, clientSecret: client_secret } = await registerApp(url, admin)
  const app = await call(url, "POST /v1/app/auth", { json: { client_id, client_secret } })
  expect([await status(app.body.access_token), await status(admin)]).toEqual([403, 403])
  expect(await status((await agent(url, admin)).access_token)).toBe(200)
})

test.each<[string, object, RegExp]>([
  ["an empty list of scopes", { scope: [] }, /scope is empty/],
  ["a scope that a setting left out", { scope: undefined }, /scope is empty/],
  ["an empty set of scopes", { scope: new Set() }, /scope is empty/],
  ["a misspelt scope", { scopes: ["read:data:7"] }, /no option "scopes"; it has: scope/],
])("%s is refused when the guard is made", (_, options, message) => {
  const verifier = testVerifier({ brokerUrl: url })
  for (const { guard } of [hono, express, fastify]) expect(() => guard(verifier, options as never)).toThrow(message)
})

// Before: a setting that was missing left the check out in silence.
test.each<[string, () => unknown, RegExp]>([
  ["an audience", () => testVerifier({ brokerUrl: url, audience: undefined as never }), /audience must be a string/],
  ["an issuer", () => testVerifier({ brokerUrl: url, issuer: undefined as never }), /issuer must be a string/],
  [
    "a resource",
    () => mcpTokenVerifier(testVerifier({ brokerUrl: url }), { InvalidTokenError, resource: undefined as never }),
    /resource is undefined/,
  ],
])("%s that a setting left out is refused", (_, make, message) => {
  expect(make).toThrow(message)
})

// Before: a list of scopes that came out empty allowed everything.
test("an empty list of scopes allows nothing", () => {
  expect(() => requireScope({ scope: ["read:data:*"] }, [])).toThrow(TypeError)
  expect(() => scopeChallenge([] as never)).toThrow(TypeError)
})

test("an MCP server with a resource takes no token without that audience", async () => {
  const resource = "https://tools.example/mcp"
  const options = { InvalidTokenError, resource }
  expect(() => mcpTokenVerifier(testVerifier({ brokerUrl: url }), options)).toThrow(/pass `audience`/)
  const { access_token: unnamed } = await agent(url, admin)
  const tokens = mcpTokenVerifier(testVerifier({ brokerUrl: url, audience: resource }), options)
  await expect(tokens.verifyAccessToken(unnamed)).rejects.toBeInstanceOf(InvalidTokenError)
  const named = signedByBroker(broker, tokenPart(unnamed, 0), { ...tokenPart(unnamed, 1), aud: [resource] })
  expect(await tokens.verifyAccessToken(named)).toMatchObject({ resource: new URL(resource) })
})
