import { appUpdateRequest } from "@agentwrit/contract"
import { appIdOf } from "../app-id.ts"
import { appRecord } from "../app-record.ts"
import { type Command, command } from "../command.ts"
import { readFlags } from "../flags.ts"

/** `awrit app update` */
export const appUpdate: Command = command({
  name: "app update",
  summary: "Change an app's scope ceiling, token TTL, or both",
  details: [
    "--scopes replaces the whole ceiling. A narrower ceiling takes effect at once: agents with a wider scope cannot renew or delegate.",
  ],
  args: {
    id: { type: "string", value: "APP", description: "The app's id or name" },
    scopes: { type: "list", value: "SCOPES", description: "The new ceiling, separated by commas" },
    "token-ttl": { type: "number", value: "SECONDS", description: "The lifetime of the app's own tokens, 60 to 86400" },
  },
  examples: ["awrit app update --id app-billing-1a2b3c --scopes read:invoices:42 --token-ttl 600"],
  async run({ id: givenId, ...changes }, context) {
    const update = readFlags(appUpdateRequest, changes)
    const admin = await context.admin()
    const id = await appIdOf(givenId, "--id", admin)
    await context.out.record(appRecord(await admin.updateApp(id, update, context.answer)))
  },
})
