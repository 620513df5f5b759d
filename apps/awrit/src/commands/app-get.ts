import { appIdOf } from "../app-id.ts"
import { appRecord } from "../app-record.ts"
import { type Command, command } from "../command.ts"

/** `awrit app get` */
export const appGet: Command = command({
  name: "app get",
  summary: "Show one app",
  args: { "app-id": { type: "positional", description: "The app's id, app-{name}-{6 hex characters}" } },
  examples: ["awrit app get app-billing-1a2b3c"],
  async run(given, context) {
    const id = appIdOf(given["app-id"], "<app-id>")
    await context.out.record(appRecord(await (await context.admin()).getApp(id, context.answer)))
  },
})
