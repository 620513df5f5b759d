import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { findOperator } from "@agentwrit/example-operator"
import { guard, scopeFor } from "@agentwrit/sdk/hono"
import { createVerifier } from "@agentwrit/sdk/verify"
import { serve } from "@hono/node-server"
import { Hono } from "hono"

// A Hono API with one scope for each customer.

const operator = await findOperator()
const verifier = createVerifier({ brokerUrl: operator.brokerUrl })
await verifier.ready()

const api = new Hono()
api.get(
  "/customers/:id",
  guard(verifier, { scope: (c) => scopeFor("read", "data", `customer-${c.req.param("id")}`) }),
  (c) => c.json({ customer: c.req.param("id"), readBy: c.var.claims.sub }),
)
const server = serve({ fetch: api.fetch, hostname: "127.0.0.1", port: 0 })
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

// An agent for one customer.
const registered = await operator.registerApp("guarded-hono", ["read:data:*"])
const agent = await registered.app.createAgent({
  orchId: "crm",
  taskId: `t-${crypto.randomUUID()}`,
  scope: ["read:data:customer-7291"],
  allowedOrigins: [url],
})

await agent.run(async () => {
  const own = await agent.fetch(`${url}/customers/7291`)
  console.log(`its own customer: ${own.status} ${JSON.stringify(await own.json())}`)
  const other = await agent.fetch(`${url}/customers/1`)
  console.log(`another customer: ${other.status} ${((await other.json()) as { hint: string }).hint}`)
})
const nobody = await fetch(`${url}/customers/7291`)
console.log(`without a token:  ${nobody.status} ${nobody.headers.get("www-authenticate")}`)

await registered.deregister()
await verifier.close()
server.close()
