import { type Command, command } from "../command.ts"
import { CommandError } from "../errors.ts"
import { SessionFile } from "../session-file.ts"
import { exact, expiry } from "../time.ts"

/** `awrit whoami` */
export const whoami: Command = command({
  name: "whoami",
  summary: "Show the session: who, at which broker, with which scopes, until when",
  details: ["Asks the broker whether the session is still valid. Exits with 1 when nobody is signed in."],
  args: {},
  examples: ["awrit whoami", "awrit whoami > /dev/null || awrit login"],
  async run(_given, context) {
    const brokerUrl = context.settings.brokerUrl()
    const session = new SessionFile(brokerUrl).read()
    if (session === undefined) throw new CommandError(`nobody is signed in at ${brokerUrl}: run awrit login`)
    const admin = await context.admin()
    const verdict = await admin.validateToken(session.token, { signal: context.out.gone })
    if (!verdict.valid) throw new CommandError(`the session at ${brokerUrl} has ended: run awrit login`)
    const { exp, scope, sub } = verdict.claims
    await context.out.document({ subject: sub, broker_url: brokerUrl, scope, expires_at: exact(exp * 1000) })
    await context.out.record([
      ["signed in as", sub],
      ["broker", brokerUrl],
      ["scopes", scope.join(" ")],
      ["expires", expiry(exp * 1000)],
    ])
  },
})
