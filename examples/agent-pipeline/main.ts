import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { findOperator } from "@agentwrit/example-operator"
import { BrokerError } from "@agentwrit/sdk"
import { guard, scopeFor } from "@agentwrit/sdk/hono"
import { createVerifier } from "@agentwrit/sdk/verify"
import { serve } from "@hono/node-server"
import { Hono } from "hono"

// A planner hands a part of its task to a reader, and the reader hands that on to a writer: each token is narrower than the one it
// came from, the API sees who handed it on, and an agent that tries to hand on more than it was given is refused.

const operator = await findOperator()
const { brokerUrl } = operator
await using registered = await operator.registerApp("agent-pipeline", ["read:data:*", "write:reports:*"])
const { app } = registered

// The API, which answers on whose behalf it was called.
await using verifier = createVerifier({ brokerUrl })
await verifier.ready()
const api = new Hono().get(
  "/customers/:id",
  guard(verifier, { scope: (c) => scopeFor("read", "data", `customer-${c.req.param("id")}`) }),
  (c) => {
    const { delegation_chain: chain = [], sub } = c.var.claims
    return c.text([...chain.map(({ agent }) => agent), sub].map(roleOf).join(" → "))
  },
)
await using server = serve({ fetch: api.fetch, hostname: "127.0.0.1", port: 0 })
await once(server, "listening")
const customer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/customers/7291`

// Three agents, each with what its own work needs and no more.
const task = `t-${crypto.randomUUID().slice(0, 8)}`
const agent = (role: string, scope: string[]) => app.createAgent({ orchId: "crm", taskId: `${task}.${role}`, scope })
await using planner = await agent("planner", ["read:data:*", "write:reports:*"])
await using reader = await agent("reader", ["read:data:customer-1"])
await using writer = await agent("writer", ["write:reports:weekly"])

const toReader = await planner.delegate({ to: reader.id, scope: ["read:data:customer-7291"] })
console.log(`planner to reader: ${toReader.scope.join()}`)
const toWriter = await toReader.delegate({ to: writer.id, scope: toReader.scope, ttl: 30 })
console.log(`reader to writer:  ${toWriter.scope.join()}`)

console.log(`the API was called by ${await (await toWriter.fetch(customer)).text()}`)
console.log(`the writer's own token: ${(await writer.fetch(customer)).status}`)

try {
  await toReader.delegate({ to: writer.id, scope: ["read:data:*"] })
} catch (error) {
  if (!(error instanceof BrokerError)) throw error
  console.log(`refused: ${error.status} ${error.code}, ${error.hint}`)
}

/** The role that an agent's id names, as its task does above. */
function roleOf(id: string): string {
  return id.split("/").at(-2)?.split(".").at(-1) ?? id
}
