import type { AdminSession } from "@agentwrit/sdk/admin"
import { type Command, command } from "../command.ts"
import type { Context } from "../context.ts"
import { SessionFile } from "../session-file.ts"

/** `awrit logout` */
export const logout: Command = command({
  name: "logout",
  summary: "End the session of awrit login: release its token, and remove the file",
  details: ["Succeeds also when there is no session. The file is removed also when the broker does not answer."],
  args: {},
  examples: ["awrit logout"],
  async run(_given, context) {
    const { out } = context
    const file = new SessionFile(context.settings.brokerUrl())
    let session: AdminSession | undefined
    let isRefused = false
    try {
      session = file.read()
    } catch (error) {
      isRefused = true
      out.warn(`awrit: ${(error as Error).message.replace(/; .*/, "")}, so its token is not released`, "yellow")
    }
    file.remove()
    const isLive = session !== undefined && session.expiresAt.getTime() > Date.now()
    const released = session !== undefined && isLive && (await release(session, context))
    await out.document({ signed_out: isRefused || session !== undefined, released })
    if (session === undefined && !isRefused) out.note("There was no session.")
    else out.note(released ? "The session is ended." : "The session file is removed.", "green")
  },
})

/** A token that the broker does not take back expires by itself: the session is over on this machine all the same. */
async function release({ token, expiresAt }: AdminSession, context: Context): Promise<boolean> {
  try {
    await (await context.admin()).releaseToken(token, { signal: context.out.gone })
    return true
  } catch (error) {
    context.out.warn(`awrit: ${(error as Error).message}; the token expires at ${expiresAt.toISOString()}`, "yellow")
    return false
  }
}
