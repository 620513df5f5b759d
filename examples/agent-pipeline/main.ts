import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { signInAsOperator } from "@agentwrit/example-operator"
import { BrokerError } from "@agentwrit/sdk"
import { createVerifier, requireScope } from "@agentwrit/sdk/verify"

// A planner splits a task, a reader fetches what it needs, a writer reports: each gets a part of what the one before it holds, and
// the API sees who handed it on.

const operator = await signInAsOperator()
const { brokerUrl } = operator
await using registered = await operator.registerApp("pipeline", ["read:data:*", "write:reports:*"])
const { app } = registered

// The API that they call, which shows on whose behalf.
await using verifier = createVerifier({ brokerUrl })
await verifier.ready()
const api = createServer(async (request, response) => {
  try {
    const claims = await verifier.verify(request.headers.authorization?.replace(/^Bearer /, "") ?? "")
    requireScope(claims, "read:data:customer-7291")
    const chain = [...(claims.delegation_chain ?? []).map(({ agent }) => agent), claims.sub]
    response.end(chain.map(nameOf).join(" → "))
  } catch {
    response.writeHead(403).end()
  }
}).listen(0, "127.0.0.1")
await once(api, "listening")
const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`

// Three agents, each with what its own work needs and no more.
const task = `t-${crypto.randomUUID().slice(0, 8)}`
const agent = (role: string, scope: string[]) => app.createAgent({ orchId: "crm", taskId: `${task}-${role}`, scope })
await using planner = await agent("planner", ["read:data:*", "write:reports:*"])
await using reader = await agent("reader", ["read:data:customer-1"])
await using writer = await agent("writer", ["write:reports:weekly"])

// The planner hands one customer to the reader, and the reader hands that on to the writer.
const toReader = await planner.delegate({ to: reader.id, scope: ["read:data:customer-7291"] })
console.log(`planner to reader: ${toReader.scope.join()}`)
const toWriter = await toReader.delegate({ to: writer.id, scope: ["read:data:customer-7291"], ttl: 30 })
console.log(`reader to writer:  ${toWriter.scope.join()}`)

const answer = await toWriter.fetch(`${url}/customers/7291`)
console.log(`the API was called by ${await answer.text()}`)
console.log(`the writer's own token: ${(await writer.fetch(`${url}/customers/7291`)).status}`)

// The reader tries to hand on more than it was given.
try {
  await toReader.delegate({ to: writer.id, scope: ["read:data:*"] })
} catch (error) {
  if (!(error instanceof BrokerError)) throw error
  console.log(`refused: ${error.status} ${error.code}, ${error.hint}`)
}

api.close()

function nameOf(id: string): string {
  return id.split("/").at(-2)?.split("-").at(-1) ?? id
}
