import { revocationRequest } from "@agentwrit/contract"
import { parseAgentId } from "@agentwrit/core"
import type { AgentWritAdmin, Revocation } from "@agentwrit/sdk/admin"
import { type Command, command } from "../command.ts"
import { readFlags } from "../flags.ts"
import { counted } from "../text.ts"

/** `awrit revoke` */
export const revoke: Command = command({
  name: "revoke",
  summary: "Revoke a token, an agent, a task or a delegation chain",
  details: [
    "token: one token, by its jti. agent: every token of an agent or app, and every token delegated from them. task: every token of a task. chain: every token delegated from an agent, but not its own tokens.",
    "Revocation is permanent. On a terminal, the levels agent, task and chain ask first; --yes skips the question.",
  ],
  args: {
    level: {
      type: "string",
      value: "LEVEL",
      description: "What to revoke",
      choices: ["token", "agent", "task", "chain"],
    },
    target: {
      type: "string",
      value: "TARGET",
      description: "A jti, an agent id or app:{app_id}, a task id, or the delegator's agent id",
    },
  },
  examples: [
    "awrit revoke --level token --target 0123456789abcdef0123456789abcdef",
    "awrit revoke --level task --target task-001 --yes",
  ],
  async run(given, context) {
    const revocation = readFlags(revocationRequest, given)
    const admin = await context.admin()
    if (revocation.level !== "token")
      await context.confirm(async () => `${await consequence(admin, revocation)} Go on?`)
    const { level, target } = await admin.revoke(revocation, context.answer)
    await context.out.record([
      ["revoked", target],
      ["level", level],
    ])
  },
})

async function consequence(admin: AgentWritAdmin, { level, target }: Revocation): Promise<string> {
  if (level === "task") {
    const { total } = await admin.listAgents({ taskId: target, status: "active", limit: 1 })
    return `Revokes every token of task ${target}: ${counted(total, "active agent")} now, and any agent that registers for it later.`
  }
  if (level === "chain")
    return `Revokes every token delegated from ${target}, directly or indirectly, now and later; its own tokens stay valid.`
  if (target.startsWith("app:"))
    return `Revokes every token of ${target}, and every token delegated from them. The app can sign in again: awrit app remove prevents that.`
  const status = await statusOf(admin, target)
  return `Revokes every token of ${target} (${status}), and every token delegated from them.`
}

async function statusOf(admin: AgentWritAdmin, agentId: string): Promise<string> {
  const { orchId, taskId } = parseAgentId(agentId)
  for await (const agent of admin.agents({ orchId, taskId })) if (agent.agentId === agentId) return agent.status
  return "unknown to this broker"
}
