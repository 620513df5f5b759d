import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { findOperator } from "@agentwrit/example-operator"
import { acceptDelegation, BrokerError } from "@agentwrit/sdk"
import { guard, scopeFor } from "@agentwrit/sdk/hono"
import { createVerifier } from "@agentwrit/sdk/verify"
import { serve } from "@hono/node-server"
import { Hono } from "hono"

// A planner delegates a part of its scope to a reader, and the reader delegates it to a writer. The API sees the chain
// of delegators. A delegation wider than the delegator's own scope is refused.

const operator = await findOperator()
const { brokerUrl } = operator
const registered = await operator.registerApp("agent-pipeline", ["read:data:*", "write:reports:*"])
const { app } = registered

// The API answers with the roles of the delegators and of the caller.
const verifier = createVerifier({ brokerUrl })
await verifier.ready()
const api = new Hono().get(
  "/customers/:id",
  guard(verifier, { scope: (c) => scopeFor("read", "data", `customer-${c.req.param("id")}`) }),
  (c) => {
    const { delegation_chain: chain = [], sub } = c.var.claims
    return c.text([...chain.map(({ agent }) => agent), sub].map(roleOf).join(" → "))
  },
)
const server = serve({ fetch: api.fetch, hostname: "127.0.0.1", port: 0 })
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const customer = `${url}/customers/7291`

// Three agents, each with the scope of its own work.
const task = `t-${crypto.randomUUID().slice(0, 8)}`
const agent = (role: string, scope: string[]) =>
  app.createAgent({ orchId: "crm", taskId: `${task}.${role}`, scope, allowedOrigins: [url] })
const planner = await agent("planner", ["read:data:*", "write:reports:*"])
const reader = await agent("reader", ["read:data:customer-1"])
const writer = await agent("writer", ["write:reports:weekly"])

// Only the reader can use what is delegated to it, because its key proves that.
const delegated = await planner.delegate({ to: reader.id, scope: ["read:data:customer-7291"] })
const toReader = acceptDelegation({ agent: reader, token: await delegated.token() })
console.log(`planner to reader: ${toReader.scope.join()}`)
const further = await toReader.delegate({ to: writer.id, scope: toReader.scope, ttl: 30 })
const toWriter = acceptDelegation({ agent: writer, token: await further.token() })
console.log(`reader to writer:  ${toWriter.scope.join()}`)

console.log(`the API was called by ${await (await toWriter.fetch(customer)).text()}`)
console.log(`the writer's own token: ${(await writer.fetch(customer)).status}`)

try {
  await toReader.delegate({ to: writer.id, scope: ["read:data:*"] })
} catch (error) {
  if (!(error instanceof BrokerError)) throw error
  console.log(`refused: ${error.status} ${error.code}, ${error.hint}`)
}

for (const agent of [planner, reader, writer]) await agent.release()
await registered.deregister()
await verifier.close()
server.close()

/** The role, which is the end of the task in an agent's id. */
function roleOf(id: string): string {
  return id.split("/").at(-2)?.split(".").at(-1) ?? id
}
