import type { ArgsDef, CommandDef } from "citty"

/** One flag or positional argument of a command. */
export interface Argument {
  readonly type: "string" | "boolean" | "positional"
  readonly description: string
  /** A one-letter form, such as `h` for `-h`. */
  readonly short?: string
  /** The name of the value in help, such as `SECONDS`. */
  readonly value?: string
  /** The accepted values, for help and completion. The command itself refuses others. */
  readonly choices?: readonly string[]
}

/** A command's arguments by their kebab-case names. */
export type Arguments = Readonly<Record<string, Argument>>

/** The given values, by exactly the declared names: a mistyped name does not compile. */
export type Given<A extends Arguments> = {
  readonly [Name in keyof A]: A[Name]["type"] extends "boolean" ? boolean : string | undefined
}

/** A command, with its texts for help, completion and docs/cli.md. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly details: readonly string[]
  readonly args: Arguments
  readonly examples: readonly string[]
  /** The definition that citty parses and runs. */
  readonly citty: CommandDef<ArgsDef>
}
