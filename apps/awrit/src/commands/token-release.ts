import { type Claims, decodeToken } from "@agentwrit/core"
import { BrokerError } from "@agentwrit/sdk/admin"
import { type Command, command } from "../command.ts"
import { CommandError } from "../errors.ts"
import { TOKEN_FLAG, tokenOf } from "../token-input.ts"

/** `awrit token release` */
export const tokenRelease: Command = command({
  name: "token release",
  summary: "Release a token when its task is done: nobody can use it afterwards",
  details: [
    "Succeeds also if the token was already released or revoked. Only its agent can release a token that is bound to a key; awrit revoke ends it too.",
  ],
  args: { token: TOKEN_FLAG },
  examples: ["awrit token release --token - < token.txt"],
  async run(given, context) {
    const token = await tokenOf(given.token, context.io)
    const { cnf, jti } = claimsOf(token)
    if (cnf !== undefined)
      throw new CommandError(
        `this token is bound to its agent's key, so only the agent can release it; to end it now run: awrit revoke --level token --target ${jti}`,
      )
    const admin = await context.admin()
    const released = await admin.releaseToken(token, { signal: context.out.gone }).catch((error: unknown) => {
      if (error instanceof BrokerError && error.code === "unauthorized")
        throw new CommandError(
          "the broker does not accept this token: it has expired or comes from another broker, so there is nothing to release",
        )
      throw error
    })
    await context.out.document({ released: true, already: !released })
    context.out.note(released ? "The token is released." : "The token was already released or revoked.", "green")
  },
})

/** The token's claims, or none when it is no token: the broker then says so. */
function claimsOf(token: string): Partial<Claims> {
  try {
    return decodeToken(token).claims
  } catch {
    return {}
  }
}
