import { type ArgDef, type ArgsDef, type CommandDef, defineCommand } from "citty"
import type { Context } from "./context.ts"
import { GLOBAL_FLAGS } from "./global-flags.ts"

/** One flag or positional argument of a command. */
export interface Argument {
  readonly type: "string" | "boolean" | "positional"
  readonly description: string
  /** A letter that stands for a flag, after one dash. */
  readonly short?: string
  /** What stands for the value in help, such as `SECONDS`. */
  readonly value?: string
  /** The words that are accepted, for help and completion; the command itself refuses others. */
  readonly choices?: readonly string[]
}

/** A command's arguments by their names on the command line, kebab-case. */
export type Arguments = Readonly<Record<string, Argument>>

/** What was given: exactly the names that the command declares, so that a mistyped one does not compile. */
export type Given<A extends Arguments> = {
  readonly [Name in keyof A]: A[Name]["type"] extends "boolean" ? boolean : string | undefined
}

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

/** A command ready to run, and what help, completion and documents tell of it. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly details: readonly string[]
  readonly args: Arguments
  readonly examples: readonly string[]
  /** The same, as citty parses and runs it. */
  readonly citty: CommandDef<ArgsDef>
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
