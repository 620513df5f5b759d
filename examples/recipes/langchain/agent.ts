import type { Agent } from "@agentwrit/sdk"
import { ChatOpenAI } from "@langchain/openai"
import { createAgent, tool } from "langchain"
import * as z from "zod"
import { API } from "../agent.ts"

export async function ask(agent: Agent, prompt: string): Promise<string> {
  const readReports = tool(async () => (await agent.fetch(`${API}/reports`)).text(), {
    name: "read_reports",
    description: "Reads the reports.",
    schema: z.object({}),
  })
  const reporter = createAgent({ model: new ChatOpenAI({ model: "gpt-5" }), tools: [readReports] })
  const { messages } = await reporter.invoke({ messages: [{ role: "user", content: prompt }] })
  return messages.at(-1)?.text ?? ""
}
