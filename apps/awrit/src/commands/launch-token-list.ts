import { type Command, command } from "../command.ts"
import { isTurned, OLDEST_FLAG } from "../oldest-first.ts"
import { counted } from "../text.ts"
import { expiry } from "../time.ts"

/** `awrit launch-token list` */
export const launchTokenList: Command = command({
  name: "launch-token list",
  summary: "List launch tokens that have not expired, newest first",
  args: { oldest: OLDEST_FLAG },
  examples: ["awrit launch-token list", "awrit launch-token list --json | jq -r '.launch_tokens[].id'"],
  async run({ oldest }, context) {
    const isOldestFirst = isTurned(oldest, context.out)
    const { launchTokens, total } = await (await context.admin()).listLaunchTokens(context.answer)
    const now = Date.now()
    await context.out.table(isOldestFirst ? launchTokens.toReversed() : launchTokens, [
      { title: "ID", cell: ({ id }) => id },
      { title: "AGENT NAME", cell: ({ agentName }) => agentName, cuttable: true },
      { title: "APP", cell: ({ appId = "" }) => appId },
      { title: "EXPIRES", cell: ({ expiresAt }) => expiry(expiresAt, now) },
      { title: "USES", cell: ({ uses, singleUse }) => (singleUse ? `${uses} of 1` : `${uses}`) },
      { title: "SCOPE", cell: ({ allowedScope }) => allowedScope.join(" "), cuttable: true },
    ])
    context.out.note(total === 0 ? "No launch token is valid." : counted(total, "launch token"))
  },
})
