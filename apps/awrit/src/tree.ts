import type { Command } from "./command.ts"

/** A command, loaded on use, or a group of commands. */
export interface Branch {
  /** A short text for lists. */
  readonly summary: string
  readonly load?: () => Promise<Command>
  readonly commands?: Tree
}

/** Commands and groups by name. */
export type Tree = Readonly<Record<string, Branch>>

/** Loads every command of a tree, in the order of the help. */
export function allCommands(tree: Tree): Promise<Command[]> {
  return Promise.all(loaders(tree).map((load) => load()))
}

function loaders(tree: Tree): (() => Promise<Command>)[] {
  return Object.values(tree).flatMap(({ commands, load }) => [
    ...(load === undefined ? [] : [load]),
    ...(commands === undefined ? [] : loaders(commands)),
  ])
}
