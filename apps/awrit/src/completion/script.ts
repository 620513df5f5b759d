import { allCommands, type Tree } from "../tree.ts"
import { bash, zsh } from "./bash-and-zsh.ts"
import { fish } from "./fish.ts"

/** The supported shells. */
export const SHELLS = ["bash", "zsh", "fish"] as const

const SCRIPTS = { bash, zsh, fish }

/** A completion script with every command, flag and flag value. Completing starts no process. */
export async function completionScript(shell: (typeof SHELLS)[number], tree: Tree): Promise<string> {
  return SCRIPTS[shell](tree, await allCommands(tree))
}
