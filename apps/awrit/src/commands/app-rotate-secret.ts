import { secretRotationRequest } from "@agentwrit/contract"
import { appIdOf } from "../app-id.ts"
import { type Command, command } from "../command.ts"
import { readFlags } from "../flags.ts"
import { showOnce } from "../shown-once.ts"
import { exact } from "../time.ts"

/** `awrit app rotate-secret` */
export const appRotateSecret: Command = command({
  name: "app rotate-secret",
  summary: "Give an app a new client secret",
  details: [
    "The new secret is shown only once. The old one stays valid for the grace period; --grace 0 ends it now.",
    "On a terminal, --grace 0 asks first; --yes skips the question.",
  ],
  args: {
    id: { type: "string", value: "APP", description: "The app's id or name" },
    grace: {
      type: "number",
      value: "SECONDS",
      description: "How long the old secret stays valid, 0 to 604800; default 86400",
    },
  },
  examples: [
    "awrit app rotate-secret --id app-billing-1a2b3c",
    "awrit app rotate-secret --id app-billing-1a2b3c --grace 0",
  ],
  async run(given, context) {
    const rotation = readFlags(secretRotationRequest, { grace: given.grace })
    const admin = await context.admin()
    const id = await appIdOf(given.id, "--id", admin)
    if (rotation.grace === 0)
      await context.confirm(
        async () => `End the present secret of ${id} now? Processes that use it can no longer sign in.`,
      )
    await showOnce(
      context,
      "client_secret",
      (options) => admin.rotateAppSecret(id, rotation, options),
      (made) => [
        ["app id", made.appId],
        ["client secret", `${made.clientSecret}  (shown only once)`],
        ["old secret", `valid until ${exact(made.previousValidUntil)}`],
      ],
    )
  },
})
