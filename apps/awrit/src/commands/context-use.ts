import { useContext } from "../broker-context.ts"
import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"

/** `awrit context use` */
export const contextUse: Command = command({
  name: "context use",
  summary: "Use a context from now on",
  details: [
    "Keeps the name in ~/.broker/context. AACTL_CONTEXT and --context choose another one for a shell or a command.",
  ],
  args: {
    name: { type: "positional", description: "The context's name" },
    none: { type: "boolean", description: "Use no context" },
  },
  examples: ["awrit context use production", "awrit context use --none"],
  async run({ name, none }, { out }) {
    if ((name === undefined) !== none) throw new UsageError("give the context's <name>, or --none")
    useContext(name)
    await out.document({ context: name ?? null })
    out.note(name === undefined ? "No context is in use." : `The context ${name} is in use.`, "green")
  },
})
