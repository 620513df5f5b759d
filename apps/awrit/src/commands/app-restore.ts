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
  args: { id: { type: "string", value: "APP", description: "The app's id or name" } },
  examples: ["awrit app restore --id app-billing-1a2b3c"],
  async run(given, context) {
    const admin = await context.admin()
    const id = await appIdOf(given.id, "--id", admin)
    await context.out.record(appRecord(await admin.restoreApp(id, context.answer)))
  },
})
