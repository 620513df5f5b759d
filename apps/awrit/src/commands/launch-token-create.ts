import { launchTokenRequest } from "@agentwrit/contract"
import type { Command } from "../command.ts"
import { command } from "../define-command.ts"
import { numeric, readFlags, scopeList } from "../flags.ts"
import { expiry } from "../time.ts"

/** `awrit launch-token create` */
export const launchTokenCreate: Command = command({
  name: "launch-token create",
  summary: "Make a launch token, an agent's ticket to its registration",
  details: [
    "The launch token is shown this once. Bind it to its task with --orch-id and --task-id where you know them.",
  ],
  args: {
    "agent-name": { type: "string", value: "NAME", description: "A label for you and the audit trail" },
    "allowed-scope": {
      type: "string",
      value: "SCOPES",
      description: "The widest scope that the agent may ask for, separated by commas",
    },
    "max-ttl": {
      type: "string",
      value: "SECONDS",
      description: "The longest TTL that the agent may ask for; default AA_DEFAULT_TTL of the broker",
    },
    ttl: { type: "string", value: "SECONDS", description: "The launch token's own life, 1 to 86400; default 30" },
    reusable: { type: "boolean", description: "Good for any number of registrations until it expires, not for one" },
    "orch-id": { type: "string", value: "ID", description: "Only a registration of this orchestration may use it" },
    "task-id": { type: "string", value: "ID", description: "Only a registration for this task may use it" },
  },
  examples: [
    "awrit launch-token create --agent-name data-processor --allowed-scope 'read:data:*'",
    "awrit launch-token create --agent-name worker --allowed-scope read:data:7 --orch-id crm --task-id t-42 --json",
  ],
  async run(given, context) {
    const launchToken = readFlags(launchTokenRequest, {
      agent_name: given["agent-name"],
      allowed_scope: scopeList(given["allowed-scope"]),
      max_ttl: numeric(given["max-ttl"]),
      ttl: numeric(given.ttl),
      single_use: !given.reusable,
      orch_id: given["orch-id"],
      task_id: given["task-id"],
    })
    const made = await (await context.admin()).createLaunchToken(launchToken, context.answer)
    await context.out.record([
      ["launch token", `${made.launchToken}  (shown this once)`],
      ["expires", expiry(made.expiresAt)],
      ["good for", given.reusable ? "any number of registrations" : "one registration"],
      ["scope", made.policy.allowedScope.join(" ")],
      ["max ttl", `${made.policy.maxTtl} s`],
    ])
  },
})
