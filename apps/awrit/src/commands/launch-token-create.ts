import { launchTokenRequest } from "@agentwrit/contract"
import { type Command, command } from "../command.ts"
import { readFlags } from "../flags.ts"
import { showOnce } from "../shown-once.ts"
import { expiry } from "../time.ts"

/** `awrit launch-token create` */
export const launchTokenCreate: Command = command({
  name: "launch-token create",
  summary: "Create a launch token, which an agent needs to register",
  details: ["The launch token is shown only once. Bind it to a task with --orch-id and --task-id if you know them."],
  args: {
    "agent-name": { type: "string", value: "NAME", description: "A label for the audit trail" },
    "allowed-scope": {
      type: "list",
      value: "SCOPES",
      description: "The most that the agent may request, separated by commas",
    },
    "max-ttl": {
      type: "number",
      value: "SECONDS",
      description: "The longest TTL that the agent may request; default AA_DEFAULT_TTL of the broker",
    },
    ttl: { type: "number", value: "SECONDS", description: "The launch token's own lifetime, 1 to 86400; default 30" },
    "max-lifetime": {
      type: "number",
      value: "SECONDS",
      description: "How long its agents live, renewals included; 0 for no limit",
    },
    reusable: { type: "boolean", description: "Valid for any number of registrations until it expires; default one" },
    "orch-id": { type: "string", value: "ID", description: "Valid only for this orchestration" },
    "task-id": { type: "string", value: "ID", description: "Valid only for this task" },
  },
  examples: [
    "awrit launch-token create --agent-name data-processor --allowed-scope 'read:data:*'",
    "awrit launch-token create --agent-name worker --allowed-scope read:data:7 --orch-id crm --task-id t-42 --json",
  ],
  async run({ reusable, ...policy }, context) {
    const launchToken = readFlags(launchTokenRequest, { ...policy, "single-use": !reusable })
    const admin = await context.admin()
    await showOnce(
      context,
      "launch_token",
      (options) => admin.createLaunchToken(launchToken, options),
      (made) => [
        ["id", made.id],
        ["launch token", `${made.launchToken}  (shown only once)`],
        ["expires", expiry(made.expiresAt)],
        ["good for", reusable ? "any number of registrations" : "one registration"],
        ["scope", made.policy.allowedScope.join(" ")],
        ["max ttl", `${made.policy.maxTtl} s`],
      ],
    )
  },
})
