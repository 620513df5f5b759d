import { appCreationRequest } from "@agentwrit/contract"
import { appRecord } from "../app-record.ts"
import { listOf } from "../arguments.ts"
import { type Command, command } from "../command.ts"
import { readFlags } from "../flags.ts"
import { showOnce } from "../shown-once.ts"

/** `awrit app register` */
export const appRegister: Command = command({
  name: "app register",
  summary: "Register an app under a scope ceiling",
  details: [
    "The client secret is shown only once. On a terminal, the command asks for a missing name or scopes.",
    "A scope is action:resource:identifier; the identifier may be *. Separate scopes with commas.",
  ],
  args: {
    name: {
      type: "string",
      value: "NAME",
      description: "2 to 64 lower-case letters, digits and single hyphens, starting with a letter",
    },
    scopes: { type: "list", value: "SCOPES", description: "The scope ceiling: the most that its agents can get" },
    "token-ttl": { type: "number", value: "SECONDS", description: "The lifetime of the app's own tokens, 60 to 86400" },
    "orch-id": {
      type: "list",
      value: "IDS",
      description: "Orchestrations that belong to this app alone, separated by commas",
    },
    role: {
      type: "list",
      value: "ROLES",
      description: "What the app may do: launcher, verifier, gateway; default launcher",
    },
  },
  examples: ["awrit app register --name billing --scopes 'read:invoices:*,write:invoices:42'"],
  async run({ "orch-id": orchIds, role: roles, ...given }, context) {
    const name = given.name ?? (await context.ask("Name of the app", "billing"))
    const scopes =
      given.scopes ?? listOf(await context.ask("Its scope ceiling, separated by commas", "read:invoices:*"))
    const app = readFlags(appCreationRequest, { ...given, name, scopes, "orch-ids": orchIds, roles })
    const admin = await context.admin()
    await showOnce(
      context,
      "client_secret",
      (options) => admin.createApp(app, options),
      (made) => [...appRecord(made), ["client secret", `${made.clientSecret}  (shown only once)`]],
    )
    context.out.note("Save the client secret now: the broker stores only its hash.")
  },
})
