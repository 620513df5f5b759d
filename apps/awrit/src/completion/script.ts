import { allCommands, type Tree } from "../tree.ts"
import { bash, zsh } from "./bash-and-zsh.ts"
import { fish } from "./fish.ts"

/** The shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const

const SCRIPTS = { bash, zsh, fish }

/** A completion script that knows every command, flag and word of a flag; it starts no process as it completes. */
export async function completionScript(shell: (typeof SHELLS)[number], tree: Tree): Promise<string> {
  return SCRIPTS[shell](tree, await allCommands(tree))
}
