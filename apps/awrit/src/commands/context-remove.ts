import { removeContext } from "../broker-context.ts"
import { type Command, command } from "../command.ts"
import { CommandError, UsageError } from "../errors.ts"

/** `awrit context remove` */
export const contextRemove: Command = command({
  name: "context remove",
  summary: "Remove a context",
  details: ["Removes its file. A context in use is then no longer used. awrit logout ends its session."],
  args: { name: { type: "positional", description: "The context's name" } },
  examples: ["awrit context remove staging"],
  async run({ name }, { out }) {
    if (name === undefined) throw new UsageError("<name> is missing: give the context's name")
    if (!removeContext(name)) throw new CommandError(`there is no context ${name}; awrit context list shows them`)
    await out.document({ context: name, removed: true })
    out.note(`The context ${name} is removed.`, "green")
  },
})
