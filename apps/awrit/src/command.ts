import type { Arguments, Given } from "./arguments.ts"
import type { Context } from "./context.ts"

/** A command: its texts for help, completion and docs/cli.md, its arguments, and what it does. */
export interface Command<A extends Arguments = Arguments> {
  /** Its words after `awrit`, such as `app register`. */
  readonly name: string
  /** One sentence, without a full stop. */
  readonly summary: string
  /** More paragraphs for help. */
  readonly details?: readonly string[]
  readonly args: A
  /** Complete command lines. */
  readonly examples: readonly string[]
  /** Does it. @returns the exit code; nothing means 0. */
  run(given: Given<A>, context: Context): Promise<number | undefined> | Promise<void>
}

/** Makes a command. Its `run` gets only the declared arguments. */
export const command = <const A extends Arguments>(definition: Command<A>): Command => definition
