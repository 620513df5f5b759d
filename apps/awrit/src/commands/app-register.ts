import { appCreationRequest } from "@agentwrit/contract"
import { appRecord } from "../app-record.ts"
import type { Command } from "../command.ts"
import { command } from "../define-command.ts"
import { numeric, readFlags, scopeList } from "../flags.ts"

/** `awrit app register` */
export const appRegister: Command = command({
  name: "app register",
  summary: "Register an app under a scope ceiling",
  details: [
    "The client secret is shown this once. On a terminal, name and scopes that are not given are asked for.",
    "A scope is action:resource:identifier; * is allowed as the whole identifier. Scopes are separated by commas.",
  ],
  args: {
    name: {
      type: "string",
      value: "NAME",
      description: "2 to 64 lower-case letters, digits and single hyphens, starting with a letter",
    },
    scopes: { type: "string", value: "SCOPES", description: "The ceiling: the widest scope that its agents may get" },
    "token-ttl": { type: "string", value: "SECONDS", description: "How long its own tokens live, 60 to 86400" },
  },
  examples: ["awrit app register --name billing --scopes 'read:invoices:*,write:invoices:42'"],
  async run(given, context) {
    const name = given.name ?? (await context.ask("Name of the app", "billing"))
    const scopes = given.scopes ?? (await context.ask("Its scope ceiling, separated by commas", "read:invoices:*"))
    const app = readFlags(appCreationRequest, {
      name,
      scopes: scopeList(scopes),
      token_ttl: numeric(given["token-ttl"]),
    })
    const made = await (await context.admin()).createApp(app, context.answer)
    await context.out.record([...appRecord(made), ["client secret", `${made.clientSecret}  (shown this once)`]])
    context.out.note("Keep the client secret now: it is stored only as a hash and cannot be shown again.")
  },
})
