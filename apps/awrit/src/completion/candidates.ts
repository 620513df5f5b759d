import { type Arguments, isFlag } from "../arguments.ts"
import { resolve } from "../command-line.ts"
import { GLOBAL_FLAGS } from "../global-flags.ts"
import { groupRows, type Rows } from "../help.ts"
import type { Tree } from "../tree.ts"

/** Stands for the names of files, which the shell completes. */
const FILES = ":files"

/** The names of values that are files. */
const FILE_VALUES = ["FILE", "DATABASE", "PATH"]

/**
 * The lines that a completion script reads: the words that can stand at the end of a command line. Only fish shows
 * meanings.
 * @param words the words after `awrit`; the last is unfinished or empty. bash also splits words at = and :, so its
 * script passes the whole line as one word. For `--flag=value` it expects only the value.
 * @throws UsageError if the words name no command.
 */
export async function candidates(shell: string, words: readonly string[], tree: Tree): Promise<string[]> {
  if (shell === "bash") {
    const rows = await following((words[0] ?? "").trimStart().split(/\s+/).slice(1), tree)
    return rows.map(([word]) => word.replace(/^--[^=]*=/, ""))
  }
  const rows = await following(words, tree)
  return rows.map(([word, meaning]) => (shell === "fish" && meaning !== "" ? `${word}\t${meaning}` : word))
}

async function following(words: readonly string[], tree: Tree): Promise<Rows> {
  const before = words.slice(0, -1)
  const last = words.at(-1) ?? ""
  // The command that awrit run starts: the shell knows its files.
  if (before.includes("--")) return [[FILES, ""]]
  const [, inlineFlag, typed = last] = /^(--[^=]+)=(.*)$/.exec(last) ?? []
  const { branch } = resolve(before, tree)
  const command = typeof branch === "function" ? await branch() : undefined
  const args: Arguments = { ...command?.args, ...GLOBAL_FLAGS }
  const matching = (rows: Rows): Rows => rows.filter(([word]) => word.startsWith(typed))

  const flag = inlineFlag ?? before.at(-1) ?? ""
  const named = Object.entries(args).find(([name, { short }]) => flag === `--${name}` || flag === `-${short}`)
  const { choices = [], type, value = "" } = named?.[1] ?? {}
  if (FILE_VALUES.includes(value)) return [[FILES, ""]]
  if (type !== undefined && type !== "boolean") {
    const prefix = inlineFlag === undefined ? "" : `${inlineFlag}=`
    return matching(choices.map((choice) => [choice, ""])).map(([choice]) => [prefix + choice, ""])
  }
  const next = typeof branch === "function" ? positionalChoices(args) : await groupRows(branch)
  if (next.length > 0 && !typed.startsWith("-")) return matching(next)
  const flags = Object.entries(args).filter(([, argument]) => isFlag(argument))
  return matching(flags.map(([name, { description }]) => [`--${name}`, description]))
}

const positionalChoices = (args: Arguments): Rows =>
  Object.values(args).flatMap(({ type, choices = [] }) =>
    type === "positional" ? choices.map((choice) => [choice, ""] as const) : [],
  )
