import { type Command, command } from "../command.ts"
import { isTurned, OLDEST_FLAG } from "../oldest-first.ts"
import { counted } from "../text.ts"
import { exact } from "../time.ts"

/** `awrit app list` */
export const appList: Command = command({
  name: "app list",
  summary: "List all apps, newest first, including inactive ones",
  args: { oldest: OLDEST_FLAG },
  examples: ["awrit app list", "awrit app list --json | jq -r '.apps[].app_id'"],
  async run({ oldest }, context) {
    const isOldestFirst = isTurned(oldest, context.out)
    const { apps, total } = await (await context.admin()).listApps(context.answer)
    await context.out.table(isOldestFirst ? apps.toReversed() : apps, [
      { title: "APP ID", cell: ({ appId }) => appId },
      { title: "CLIENT ID", cell: ({ clientId }) => clientId },
      { title: "STATUS", cell: ({ status }) => status },
      { title: "TTL", cell: ({ tokenTtl }) => `${tokenTtl} s` },
      { title: "CREATED", cell: ({ createdAt }) => exact(createdAt) },
      { title: "SCOPES", cell: ({ scopes }) => scopes.join(" "), cuttable: true },
    ])
    context.out.note(total === 0 ? "No app is registered." : counted(total, "app"))
  },
})
