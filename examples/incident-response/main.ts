import { findOperator } from "@agentwrit/example-operator"
import type { Agent } from "@agentwrit/sdk"
import { createVerifier, InvalidTokenError, type VerifiedClaims } from "@agentwrit/sdk/verify"

// An agent misbehaves. The operator revokes its task, and every service that follows the feed refuses the agents of the
// task.

const operator = await findOperator()
const verifier = createVerifier({ brokerUrl: operator.brokerUrl })
await verifier.ready()

const registered = await operator.registerApp("incident-response", ["read:data:*"])
const taskId = `t-${crypto.randomUUID()}`
const agents = await Promise.all(
  ["reader", "writer", "checker"].map((orchId) =>
    registered.app.createAgent({
      orchId,
      taskId,
      scope: ["read:data:customer-7291"],
      allowedOrigins: ["https://api.example.com"],
    }),
  ),
)
for (const agent of agents) console.log(`accepted: ${(await verify(agent)).sub}`)

const began = performance.now()
await operator.admin.revoke({ level: "task", target: taskId })
const answered = performance.now()
console.log(`revoked task ${taskId} in ${(answered - began).toFixed(1)} ms`)
for (const agent of agents) {
  const { message } = await refusal(agent)
  console.log(`refused ${Math.max(0, performance.now() - answered).toFixed(1)} ms later: ${message}`)
}

await registered.deregister()
await verifier.close()

/** What a service does with a request of the agent: it verifies the token, and the proof of its key. */
async function verify(agent: Agent): Promise<VerifiedClaims> {
  const request = { method: "GET", url: "https://api.example.com/customers/7291" }
  const { authorization, dpop: proof = "" } = await agent.headers(request)
  return verifier.verify(authorization.slice("DPoP ".length), { ...request, proof })
}

/** Sends requests of the agent again and again until one is refused. */
async function refusal(agent: Agent): Promise<InvalidTokenError> {
  for (;;) {
    try {
      await verify(agent)
      await new Promise((resolve) => setImmediate(resolve))
    } catch (error) {
      if (error instanceof InvalidTokenError) return error
      throw error
    }
  }
}
