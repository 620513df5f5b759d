import type { Agent } from "@agentwrit/sdk"
import { Agent as Reporter, run, tool } from "@openai/agents"
import * as z from "zod"
import { API } from "../agent.ts"

export async function ask(agent: Agent, prompt: string): Promise<string> {
  const readReports = tool({
    name: "read_reports",
    description: "Reads the reports.",
    parameters: z.object({}),
    execute: async () => (await agent.fetch(`${API}/reports`)).text(),
  })
  const reporter = new Reporter({ name: "reporter", model: "gpt-5", tools: [readReports] })
  const { finalOutput } = await run(reporter, prompt)
  return finalOutput ?? ""
}
