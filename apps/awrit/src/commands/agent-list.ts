import { agentsQuery } from "@agentwrit/contract"
import type { AgentsQuery } from "@agentwrit/sdk/admin"
import { appIdOf } from "../app-id.ts"
import { type Command, command } from "../command.ts"
import { readFlags } from "../flags.ts"
import { isTurned, OLDEST_FLAG, pageFromEnd } from "../oldest-first.ts"
import { pageNote } from "../page-note.ts"
import { exact, expiry } from "../time.ts"

/** `awrit agent list` */
export const agentList: Command = command({
  name: "agent list",
  summary: "List agents and their status, newest first",
  args: {
    status: {
      type: "string",
      value: "STATUS",
      description: "Only agents with this status",
      choices: ["active", "expired", "released", "revoked"],
    },
    "task-id": { type: "string", value: "ID", description: "Only agents of this task" },
    "orch-id": { type: "string", value: "ID", description: "Only agents of this orchestration" },
    "app-id": { type: "string", value: "APP", description: "Only agents that this app launched, by its id or name" },
    limit: { type: "number", value: "N", description: "The maximum number of agents, 1 to 1000; default 100" },
    offset: { type: "number", value: "N", description: "The number of agents to skip" },
    oldest: OLDEST_FLAG,
  },
  examples: ["awrit agent list --status active", "awrit agent list --task-id t-42 --json"],
  async run({ oldest, ...given }, context) {
    const { out } = context
    const isOldestFirst = isTurned(oldest, out)
    const admin = await context.admin()
    const app = given["app-id"]
    const appId = app === undefined ? undefined : await appIdOf(app, "--app-id", admin)
    const query = readFlags(agentsQuery, { ...given, "app-id": appId })
    const list = async (part: AgentsQuery) => {
      const { agents: rows, ...fields } = await admin.listAgents({ ...query, ...part }, context.answer)
      return { rows, ...fields }
    }
    const page = await (isOldestFirst ? pageFromEnd(query, list) : list({}))
    const now = Date.now()
    await out.table(page.rows, [
      { title: "AGENT ID", cell: ({ agentId }) => agentId },
      { title: "STATUS", cell: ({ status }) => status },
      // A released or revoked token no longer expires.
      {
        title: "EXPIRES",
        cell: ({ expiresAt, status }) => (/active|expired/.test(status) ? expiry(expiresAt, now) : exact(expiresAt)),
      },
      { title: "APP", cell: ({ appId = "" }) => appId },
      { title: "SCOPE", cell: ({ scope }) => scope.join(" "), cuttable: true },
    ])
    out.note(pageNote(page.rows.length, page, "agent"))
  },
})
