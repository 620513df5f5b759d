import { appIdOf } from "../app-id.ts"
import { appRecord } from "../app-record.ts"
import { type Command, command } from "../command.ts"

/** `awrit app restore` */
export const appRestore: Command = command({
  name: "app restore",
  summary: "Let a revoked app sign in again",
  details: [
    "Ends a revocation of level app. Tokens and launch tokens from before the revocation stay revoked.",
    "A removed app cannot be restored.",
  ],
  args: { id: { type: "string", value: "APP-ID", description: "The app's id" } },
  examples: ["awrit app restore --id app-billing-1a2b3c"],
  async run(given, context) {
    const id = appIdOf(given.id, "--id")
    await context.out.record(appRecord(await (await context.admin()).restoreApp(id, context.answer)))
  },
})
