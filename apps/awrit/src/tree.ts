import type { Command } from "./command.ts"

/** A group of commands. */
export interface Group {
  readonly summary: string
  readonly commands: Tree
}

/** A command, loaded on use, or a group. */
export type Branch = (() => Promise<Command>) | Group

/** Commands and groups by name. */
export type Tree = Readonly<Record<string, Branch>>

/** Loads every command of a tree, in the order of the help. */
export async function allCommands(tree: Tree): Promise<Command[]> {
  const loaded = Object.values(tree).map((branch) =>
    typeof branch === "function" ? branch() : allCommands(branch.commands),
  )
  return (await Promise.all(loaded)).flat()
}
