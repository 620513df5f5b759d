import type { ArgsDef, CommandDef } from "citty"

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
