import { appIdOf } from "../app-id.ts"
import { appRecord } from "../app-record.ts"
import { type Command, command } from "../command.ts"

/** `awrit app get` */
export const appGet: Command = command({
  name: "app get",
  summary: "Show one app",
  args: { "app-id": { type: "positional", description: "The app's id, app-{name}-{6 hex characters}, or its name" } },
  examples: ["awrit app get billing", "awrit app get app-billing-1a2b3c"],
  async run(given, context) {
    const admin = await context.admin()
    const id = await appIdOf(given["app-id"], "<app-id>", admin)
    await context.out.record(appRecord(await admin.getApp(id, context.answer)))
  },
})
