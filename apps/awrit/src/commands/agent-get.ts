import { agentResponse, encode } from "@agentwrit/contract"
import { isAgentId } from "@agentwrit/core"
import { agentOf } from "../agent-of.ts"
import { type Command, command } from "../command.ts"
import { CommandError, UsageError } from "../errors.ts"
import { exact, since } from "../time.ts"

/** `awrit agent get` */
export const agentGet: Command = command({
  name: "agent get",
  summary: "Show one agent",
  args: { "agent-id": { type: "positional", description: "The agent's SPIFFE id" } },
  examples: ["awrit agent get spiffe://agentwrit.local/agent/crm/t-42/0123456789abcdef"],
  async run({ "agent-id": id = "" }, context) {
    if (!isAgentId(id)) throw new UsageError("<agent-id> must be an agent id: awrit agent list shows them")
    const agent = await agentOf(await context.admin(), id)
    if (agent === undefined) throw new CommandError("the broker knows no such agent; awrit agent list shows them")
    await context.out.document(encode(agentResponse, agent))
    await context.out.record([
      ["agent id", agent.agentId],
      ["status", agent.status],
      ["orchestration", agent.orchId],
      ["task", agent.taskId],
      ["app", agent.appId ?? "none: the operator launched it"],
      ["scope", agent.scope.join(" ")],
      ["registered", since(agent.registeredAt)],
      ["token expires", exact(agent.expiresAt)],
    ])
  },
})
