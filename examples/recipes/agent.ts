import { type Agent, AgentWritApp } from "@agentwrit/sdk"

export const API = process.env["API_URL"] ?? "https://api.example.com"

const app = AgentWritApp.fromEnv({ allowedOrigins: [API] })

/** Does the work of a task by an agent of its own, which is released at the end. */
export async function asAgent<T>(taskId: string, scope: string, work: (agent: Agent) => Promise<T>): Promise<T> {
  const agent = await app.createAgent({ orchId: "reports", taskId, scope: [scope] })
  return agent.run(work)
}
