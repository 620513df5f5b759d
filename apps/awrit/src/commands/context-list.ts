import { contextNames, readContext } from "../broker-context.ts"
import { type Command, command } from "../command.ts"
import { CommandError } from "../errors.ts"
import type { Settings } from "../settings.ts"
import { counted } from "../text.ts"

/** `awrit context list` */
export const contextList: Command = command({
  name: "context list",
  summary: "List the contexts",
  args: {},
  examples: ["awrit context list"],
  async run(_given, { out, settings }) {
    const inUse = nameInUse(settings)
    const contexts = contextNames().map((name) => {
      const { values } = readContext(name)
      const secret = values.ADMIN_SECRET_ENV ?? values.ADMIN_SECRET_FILE
      return { name, in_use: name === inUse, broker_url: values.BROKER_URL?.text ?? "", secret: secret?.text ?? null }
    })
    await out.document({ contexts })
    await out.table(contexts, [
      { title: "CONTEXT", cell: ({ name }) => name },
      { title: "IN USE", cell: ({ in_use }) => (in_use ? "yes" : "") },
      { title: "BROKER", cell: ({ broker_url }) => broker_url },
      { title: "SECRET", cell: ({ secret }) => secret ?? "awrit login asks" },
    ])
    const none = "There is no context: awrit context set makes one."
    out.note(contexts.length === 0 ? none : counted(contexts.length, "context"))
  },
})

function nameInUse(settings: Settings): string | undefined {
  try {
    return settings.context()?.value
  } catch (error) {
    // The context in use is gone. The list shows which there are.
    if (error instanceof CommandError) return undefined
    throw error
  }
}
