import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { findOperator } from "@agentwrit/example-operator"
import { claimsOf, guard, scopeFor } from "@agentwrit/sdk/express"
import { createVerifier } from "@agentwrit/sdk/verify"
import express from "express"

// An Express API with one scope for reading and another for writing.

const operator = await findOperator()
const verifier = createVerifier({ brokerUrl: operator.brokerUrl })
await verifier.ready()

const api = express()
const customer = (action: string) =>
  guard(verifier, {
    scope: (req) => scopeFor(action, "data", `customer-${String(req.params["id"])}`),
    onRefused: ({ code, message }) => console.log(`  the service's log: ${code}: ${message}`),
  })
api.get("/customers/:id", customer("read"), (req, res) => {
  res.json({ customer: req.params.id, readBy: claimsOf(req).sub })
})
api.put("/customers/:id", customer("write"), (req, res) => {
  res.json({ customer: req.params.id, writtenBy: claimsOf(req).sub })
})
const server = api.listen(0, "127.0.0.1")
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

// An agent that may only read.
const registered = await operator.registerApp("guarded-express", ["read:data:*", "write:data:*"])
const agent = await registered.app.createAgent({
  orchId: "crm",
  taskId: `t-${crypto.randomUUID()}`,
  scope: ["read:data:customer-7291"],
  allowedOrigins: [url],
})

await agent.run(async () => {
  const read = await agent.fetch(`${url}/customers/7291`)
  console.log(`reading: ${read.status} ${JSON.stringify(await read.json())}`)
  const write = await agent.fetch(`${url}/customers/7291`, { method: "PUT" })
  console.log(`writing: ${write.status} ${((await write.json()) as { hint: string }).hint}`)
})
const forged = await fetch(`${url}/customers/7291`, { headers: { authorization: "Bearer x.y.z" } })
console.log(`forged:  ${forged.status} ${((await forged.json()) as { detail: string }).detail}`)

await registered.deregister()
await verifier.close()
server.close()
