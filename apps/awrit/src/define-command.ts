import { type ArgDef, type ArgsDef, defineCommand } from "citty"
import type { Arguments, Command, Given } from "./command.ts"
import type { Context } from "./context.ts"
import { GLOBAL_FLAGS } from "./global-flags.ts"

/** A command as it stands in its file. */
export interface CommandDefinition<A extends Arguments> {
  /** Its words after `awrit`, such as `app register`. */
  readonly name: string
  /** One sentence. */
  readonly summary: string
  /** What else its user should know, a paragraph each. */
  readonly details?: readonly string[]
  readonly args: A
  /** Command lines that work as they stand, for help. */
  readonly examples: readonly string[]
  /** @returns the exit code, where it is not 0. */
  readonly run: (given: Given<A>, context: Context) => Promise<number | undefined> | Promise<void>
}

/** Makes a command. Its `run` gets what citty parsed, held to the declared names. */
export function command<const A extends Arguments>(definition: CommandDefinition<A>): Command {
  const { name, summary, details = [], args, examples, run } = definition
  const citty = defineCommand({
    meta: { name, description: summary },
    args: { ...cittyArguments(GLOBAL_FLAGS), ...cittyArguments(args) },
    async run({ args: parsed, data }) {
      const context: Context = data
      const given = Object.fromEntries(Object.keys(args).map((key) => [key, parsed[key]]))
      context.exitCode = (await run(given as Given<A>, context)) ?? context.exitCode
    },
  })
  return { name, summary, details, args, examples, citty }
}

/** Nothing is required of citty: what is missing is for the command to say, in the words of the API or by a question. */
function cittyArguments(args: Arguments): ArgsDef {
  return Object.fromEntries(
    Object.entries(args).map(([name, { type }]): [string, ArgDef] => {
      if (type === "boolean") return [name, { type, default: false }]
      return [name, type === "string" ? { type, required: false } : { type, required: false }]
    }),
  )
}
