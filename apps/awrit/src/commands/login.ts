import { decodeToken } from "@agentwrit/core"
import { type Command, command } from "../command.ts"
import type { Context } from "../context.ts"
import { NoSecretError } from "../errors.ts"
import { SessionFile } from "../session-file.ts"
import { exact, expiry } from "../time.ts"

/** `awrit login` */
export const login: Command = command({
  name: "login",
  summary: "Sign in, and keep the session for the commands that follow",
  details: [
    "Signs in with the admin secret of the settings (awrit config show), or asks for it on a terminal. It keeps the token of the session, never the secret, in a file of mode 0600 in ~/.broker/sessions, one for each broker.",
    "Commands use the session until it expires: AA_ADMIN_TOKEN_TTL of the broker, 300 s by default. Then they sign in again where the settings have a secret, and otherwise ask for awrit login. Without a session each command signs in for itself, which is an event in the trail each time.",
  ],
  args: {},
  examples: ["awrit login", "awrit login --broker-url https://broker.example"],
  async run(_given, context) {
    const brokerUrl = context.settings.brokerUrl()
    const secret = await secretOf(context, brokerUrl)
    const file = new SessionFile(brokerUrl)
    const sessions = { load: () => undefined, save: file.write.bind(file) }
    const admin = await context.admin({ adminSecret: secret, sessions })
    const { expiresAt, token } = await admin.signIn()
    const { scope, sub } = decodeToken(token).claims
    await context.out.document({ subject: sub, broker_url: brokerUrl, scope, expires_at: exact(expiresAt.getTime()) })
    await context.out.record([
      ["signed in as", sub],
      ["broker", brokerUrl],
      ["expires", expiry(expiresAt.getTime())],
    ])
  },
})

async function secretOf(context: Context, brokerUrl: string): Promise<string> {
  try {
    return context.settings.adminSecret()
  } catch (error) {
    if (!(error instanceof NoSecretError)) throw error
    const typed = await context.askSecret(`Admin secret of ${brokerUrl}`)
    if (typed !== undefined && typed !== "") return typed
    throw error
  }
}
