import { type Command, command } from "../command.ts"
import type { Context } from "../context.ts"
import { NoSecretError } from "../errors.ts"
import { SessionFile } from "../session-file.ts"
import type { Setting } from "../settings.ts"
import { expiry } from "../time.ts"

/** `awrit config show` */
export const configShow: Command = command({
  name: "config show",
  summary: "Show each setting and where it comes from",
  details: [
    "Flags win over the environment, which wins over the context, which wins over the config file. A context that --context names counts as a flag. The secret of a context wins over AACTL_ADMIN_SECRET, which is not sent to the broker of a context that awrit context use chose. The context is not used when --broker-url or AACTL_BROKER_URL names the broker, and the admin secret of the config file is not used with a context.",
    "The admin secret is not shown. awrit doctor tries the settings.",
  ],
  args: {},
  examples: ["awrit config show", "awrit config show --context production"],
  async run(_given, context) {
    const rows = settingsOf(context)
    await context.out.document({
      settings: rows.map(([name, { from, value }]) => ({ name: name.replaceAll(" ", "_").toLowerCase(), value, from })),
    })
    await context.out.table(rows, [
      { title: "SETTING", cell: ([name]) => name },
      { title: "VALUE", cell: ([, { value }]) => value },
      { title: "FROM", cell: ([, { from }]) => from },
    ])
  },
})

function settingsOf({ settings }: Context): (readonly [name: string, setting: Setting])[] {
  const config = settings.context() === undefined ? settings.config().path : undefined
  const rows: readonly (readonly [name: string, setting: Setting | undefined])[] = [
    ["context", settings.context()],
    ["broker URL", settings.findBrokerUrl()],
    ["CA", settings.tlsFile("ca")],
    ["certificate", settings.tlsFile("cert")],
    ["key", settings.tlsFile("key")],
    ["admin secret", secretOf(settings)],
    ["session", sessionOf(settings)],
    ["config file", config === undefined ? undefined : { value: config, from: "" }],
  ]
  return rows.flatMap(([name, setting]) => (setting === undefined ? [] : [[name, setting] as const]))
}

function secretOf(settings: Context["settings"]): Setting {
  try {
    return { value: "********", from: settings.findAdminSecret().from }
  } catch (error) {
    if (error instanceof NoSecretError) return { value: "none", from: "" }
    throw error
  }
}

function sessionOf(settings: Context["settings"]): Setting | undefined {
  const file = new SessionFile(settings.brokerUrl())
  const session = file.read()
  if (session === undefined || file.path === undefined) return undefined
  const expiresAt = session.expiresAt.getTime()
  return { value: expiry(expiresAt), from: file.path }
}
