import { type ArgDef, type ArgsDef, defineCommand } from "citty"
import type { Arguments, Command, Given } from "./command.ts"
import type { Context } from "./context.ts"
import { GLOBAL_FLAGS } from "./global-flags.ts"

/** The definition of a command. */
export interface CommandDefinition<A extends Arguments> {
  /** Its words after `awrit`, such as `app register`. */
  readonly name: string
  /** One sentence. */
  readonly summary: string
  /** More paragraphs for help. */
  readonly details?: readonly string[]
  readonly args: A
  /** Complete command lines, for help. */
  readonly examples: readonly string[]
  /** @returns the exit code; `undefined` means 0. */
  readonly run: (given: Given<A>, context: Context) => Promise<number | undefined> | Promise<void>
}

/** Makes a command. Its `run` gets only the declared arguments. */
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

/** All arguments are optional for citty: the command itself reports a missing one or asks for it. */
function cittyArguments(args: Arguments): ArgsDef {
  return Object.fromEntries(
    Object.entries(args).map(([name, { type }]): [string, ArgDef] => {
      if (type === "boolean") return [name, { type, default: false }]
      return [name, type === "string" ? { type, required: false } : { type, required: false }]
    }),
  )
}
