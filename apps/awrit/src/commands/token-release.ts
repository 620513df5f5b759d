import { BrokerError } from "@agentwrit/sdk/admin"
import type { Command } from "../command.ts"
import { command } from "../define-command.ts"
import { CommandError } from "../errors.ts"
import { TOKEN_FLAG, tokenOf } from "../token-input.ts"

/** `awrit token release` */
export const tokenRelease: Command = command({
  name: "token release",
  summary: "Release a token: its task is done, and nobody can use it any more",
  details: ["A token that was released or revoked before counts as done."],
  args: { token: TOKEN_FLAG },
  examples: ["awrit token release --token - < token.txt"],
  async run(given, context) {
    const token = await tokenOf(given.token, context.io)
    const admin = await context.admin()
    const released = await admin.releaseToken(token, { signal: context.out.gone }).catch((error: unknown) => {
      if (error instanceof BrokerError && error.code === "unauthorized")
        throw new CommandError(
          "the broker does not accept this token: it has expired, or is not one of this broker's; there is nothing to release",
        )
      throw error
    })
    await context.out.document({ released: true, already: !released })
    context.out.note(released ? "The token is released." : "The token was released or revoked before.", "green")
  },
})
