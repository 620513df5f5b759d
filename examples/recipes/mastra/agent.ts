import type { Agent } from "@agentwrit/sdk"
import { Agent as Reporter } from "@mastra/core/agent"
import { createTool } from "@mastra/core/tools"
import * as z from "zod"
import { API } from "../agent.ts"

export async function ask(agent: Agent, prompt: string): Promise<string> {
  const readReports = createTool({
    id: "read-reports",
    description: "Reads the reports.",
    inputSchema: z.object({}),
    execute: async () => (await agent.fetch(`${API}/reports`)).text(),
  })
  const reporter = new Reporter({
    id: "reporter",
    name: "Reporter",
    instructions: "Answer from the reports.",
    model: "openai/gpt-5",
    tools: { readReports },
  })
  const { text } = await reporter.generate(prompt)
  return text
}
