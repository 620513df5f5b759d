import { agentsQuery } from "@agentwrit/contract"
import type { Command } from "../command.ts"
import { command } from "../define-command.ts"
import { numeric, readFlags } from "../flags.ts"
import { pageNote } from "../page-note.ts"
import { exact, expiry } from "../time.ts"

/** `awrit agent list` */
export const agentList: Command = command({
  name: "agent list",
  summary: "List the agents, newest first, and how each stands",
  args: {
    status: {
      type: "string",
      value: "STATUS",
      description: "How they stand",
      choices: ["active", "expired", "released", "revoked"],
    },
    "task-id": { type: "string", value: "ID", description: "Their task" },
    "orch-id": { type: "string", value: "ID", description: "Their orchestration" },
    "app-id": { type: "string", value: "APP-ID", description: "The app that launched them" },
    limit: { type: "string", value: "N", description: "How many at most, 1 to 1000; default 100" },
    offset: { type: "string", value: "N", description: "How many to skip" },
  },
  examples: ["awrit agent list --status active", "awrit agent list --task-id t-42 --json"],
  async run(given, context) {
    const query = readFlags(agentsQuery, {
      status: given.status,
      task_id: given["task-id"],
      orch_id: given["orch-id"],
      app_id: given["app-id"],
      limit: numeric(given.limit),
      offset: numeric(given.offset),
    })
    const page = await (await context.admin()).listAgents(query, context.answer)
    const now = Date.now()
    await context.out.table(page.agents, [
      { title: "AGENT ID", cell: ({ agentId }) => agentId },
      { title: "STATUS", cell: ({ status }) => status },
      // A token that was ended does not expire any more.
      {
        title: "EXPIRES",
        cell: ({ expiresAt, status }) => (/active|expired/.test(status) ? expiry(expiresAt, now) : exact(expiresAt)),
      },
      { title: "APP", cell: ({ appId = "" }) => appId },
      { title: "SCOPE", cell: ({ scope }) => scope.join(" "), cuttable: true },
    ])
    context.out.note(pageNote(page.agents.length, page, "agent"))
  },
})
