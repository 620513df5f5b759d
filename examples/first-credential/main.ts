import { AgentWritApp } from "@agentwrit/sdk"

const app = AgentWritApp.fromEnv()

// A new id for each task: once an operator has revoked a task, its id is refused for good.
const taskId = `t-${crypto.randomUUID()}`
const agent = await app.createAgent({ orchId: "crm", taskId, scope: ["read:data:customer-7291"] })
console.log(agent.id) // spiffe://agentwrit.local/agent/crm/t-…

const token = await agent.token()
console.log(await isValid(token)) // true

await agent.release()
console.log(await isValid(token)) // false

// A resource server can ask the broker like this, or verify tokens by itself with @agentwrit/sdk/verify.
async function isValid(token: string): Promise<boolean> {
  const body = JSON.stringify({ token })
  const response = await fetch(`${app.brokerUrl}/v1/token/validate`, { method: "POST", body })
  const { valid } = (await response.json()) as { valid: boolean }
  return valid
}
