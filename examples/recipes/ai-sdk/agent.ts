import type { Agent } from "@agentwrit/sdk"
import { openai } from "@ai-sdk/openai"
import { generateText, stepCountIs, tool } from "ai"
import * as z from "zod"
import { API } from "../agent.ts"

export async function ask(agent: Agent, prompt: string): Promise<string> {
  const readReports = tool({
    description: "Reads the reports.",
    inputSchema: z.object({}),
    execute: async () => (await agent.fetch(`${API}/reports`)).text(),
  })
  const model = openai("gpt-5")
  const { text } = await generateText({ model, prompt, tools: { readReports }, stopWhen: stepCountIs(5) })
  return text
}
