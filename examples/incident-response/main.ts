import { findOperator } from "@agentwrit/example-operator"
import { createVerifier, InvalidTokenError } from "@agentwrit/sdk/verify"

// An agent misbehaves. The operator revokes its task, and every service that follows the feed refuses the agents of the
// task.

const operator = await findOperator()
const verifier = createVerifier({ brokerUrl: operator.brokerUrl })
await verifier.ready()

const registered = await operator.registerApp("incident-response", ["read:data:*"])
const taskId = `t-${crypto.randomUUID()}`
const agents = await Promise.all(
  ["reader", "writer", "checker"].map((orchId) =>
    registered.app.createAgent({ orchId, taskId, scope: ["read:data:customer-7291"] }),
  ),
)
const tokens = await Promise.all(agents.map((agent) => agent.token()))
for (const token of tokens) console.log(`accepted: ${(await verifier.verify(token)).sub}`)

const began = performance.now()
await operator.admin.revoke({ level: "task", target: taskId })
const answered = performance.now()
console.log(`revoked task ${taskId} in ${(answered - began).toFixed(1)} ms`)
for (const token of tokens) {
  const { message } = await refusal(token)
  console.log(`refused ${Math.max(0, performance.now() - answered).toFixed(1)} ms later: ${message}`)
}

await registered.deregister()
await verifier.close()

/** Verifies the token again and again until it is refused. */
async function refusal(token: string): Promise<InvalidTokenError> {
  for (;;) {
    try {
      await verifier.verify(token)
      await new Promise((resolve) => setImmediate(resolve))
    } catch (error) {
      if (error instanceof InvalidTokenError) return error
      throw error
    }
  }
}
