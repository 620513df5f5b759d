import type { Command } from "./command.ts"

/** A word after `awrit`: a command, loaded when it is needed, or a group of them. */
export interface Branch {
  /** A few words, for lists. */
  readonly summary: string
  readonly load?: () => Promise<Command>
  readonly commands?: Tree
}

/** Commands by their word. */
export type Tree = Readonly<Record<string, Branch>>

/** Loads every command of a tree, in the order of the help: for what tells of all of them. */
export function allCommands(tree: Tree): Promise<Command[]> {
  return Promise.all(loaders(tree).map((load) => load()))
}

function loaders(tree: Tree): (() => Promise<Command>)[] {
  return Object.values(tree).flatMap(({ commands, load }) => [
    ...(load === undefined ? [] : [load]),
    ...(commands === undefined ? [] : loaders(commands)),
  ])
}
