import { parseArgs } from "node:util"
import { closest, distance } from "fastest-levenshtein"
import type { Arguments, Command } from "./command.ts"
import { UsageError } from "./errors.ts"
import { GLOBAL_FLAGS, type GlobalFlags } from "./global-flags.ts"
import type { Branch, Tree } from "./tree.ts"

/** The command or group that a command line names. */
export interface Resolved {
  /** The command words, such as `["app", "register"]`; empty for `awrit` itself. */
  readonly path: readonly string[]
  readonly branch: Branch
  /** The arguments of the command. */
  readonly rest: string[]
}

/** Finds the command. Flags may stand before and between its words. */
export function resolve(words: readonly string[], tree: Tree): Resolved {
  const path: string[] = []
  const rest: string[] = []
  let branch: Branch = { summary: "", commands: tree }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ""
    if (branch.commands === undefined) rest.push(word)
    // "awrit help app" and "awrit app help" mean "awrit app --help".
    else if (word === "help") rest.push("--help")
    else if (word.startsWith("-")) {
      rest.push(word)
      if (takesValue(word)) rest.push(...words.slice(++at, at + 1))
    } else {
      branch = named(branch.commands, word, path)
      path.push(word)
    }
  }
  return { path, branch, rest }
}

function named(commands: Tree, word: string, path: readonly string[]): Branch {
  const branch = Object.hasOwn(commands, word) ? commands[word] : undefined
  if (branch !== undefined) return branch
  const before = ["awrit", ...path].join(" ")
  const meant = closest(word.slice(0, LONGEST_WORD), Object.keys(commands))
  throw new UsageError(
    `there is no command "${before} ${shown(word)}"; did you mean "${before} ${meant}"? "${before} --help" lists the commands`,
  )
}

const takesValue = (word: string): boolean =>
  Object.entries(GLOBAL_FLAGS).some(([name, { type }]) => type === "string" && word === `--${name}`)

/** Reads the global flags and ignores all others. */
export function globalFlags(words: readonly string[], args: Arguments = {}): GlobalFlags {
  const { values } = parseArgs({ args: [...words], options: options({ ...args, ...GLOBAL_FLAGS }), strict: false })
  const text = (name: keyof GlobalFlags): string | undefined => {
    const value = values[name]
    return typeof value === "string" && value !== "" ? value : undefined
  }
  return {
    json: values["json"] === true,
    "broker-url": text("broker-url"),
    ca: text("ca"),
    cert: text("cert"),
    key: text("key"),
    yes: values["yes"] === true,
    help: values["help"] === true,
    version: values["version"] === true,
  }
}

/**
 * Refuses what citty accepts: unknown flags, a missing value, a flag given twice, and surplus arguments.
 * @throws {@link UsageError}
 */
export function checkWords(words: readonly string[], { name, args }: Pick<Command, "name" | "args">): void {
  const known: Arguments = { ...args, ...GLOBAL_FLAGS }
  const line = ["awrit", name].join(" ").trim()
  const { tokens } = parseArgs({
    args: [...words],
    options: options(known),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const seen = new Set<string>()
  let positionals = Object.values(args).filter(({ type }) => type === "positional").length
  for (const token of tokens) {
    if (token.kind === "positional" && positionals-- <= 0)
      throw new UsageError(`"${line}" takes no argument "${shown(token.value)}"; see "${line} --help"`)
    if (token.kind !== "option") continue
    const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined
    const spellings = [`--${token.name}`, `-${flag?.short}`]
    if (flag === undefined || flag.type === "positional" || !spellings.includes(token.rawName)) {
      const meant = nearestFlag(token.rawName, known)
      const advice = meant === undefined ? `see "${line} --help"` : `did you mean ${meant}?`
      throw new UsageError(`"${line}" has no flag ${shown(token.rawName)}; ${advice}`)
    }
    if (seen.has(token.name)) throw new UsageError(`--${token.name} is given twice`)
    seen.add(token.name)
    if (flag.type === "boolean" && token.value !== undefined) throw new UsageError(`--${token.name} takes no value`)
    // parseArgs takes the next flag as the missing value.
    if (flag.type === "string" && (token.value ?? "") === "")
      throw new UsageError(
        `--${token.name} needs a value${flag.value === undefined ? "" : `: --${token.name} ${flag.value}`}`,
      )
    if (flag.type === "string" && token.inlineValue === false && token.value.startsWith("--"))
      throw new UsageError(`--${token.name} needs a value; write a value that starts with -- as --${token.name}=VALUE`)
  }
}

const LONGEST_WORD = 64

/** The most similar flag: for one letter, a flag that starts with it; otherwise one within a small edit distance. */
function nearestFlag(given: string, args: Arguments): string | undefined {
  const names = Object.keys(args).filter((name) => args[name]?.type !== "positional")
  const word = given.replace(/^-+/, "").slice(0, LONGEST_WORD)
  const meant =
    word.length === 1 ? names.find((name) => name.startsWith(word.toLowerCase())) : similar(word, closest(word, names))
  return meant === undefined ? undefined : `--${meant}`
}

const similar = (word: string, name: string): string | undefined =>
  distance(word, name) <= 1 + word.length / 3 ? name : undefined

function options(args: Arguments): Record<string, { type: "string" | "boolean"; short?: string }> {
  return Object.fromEntries(
    Object.entries(args).flatMap(([name, { type, short }]) =>
      type === "positional" ? [] : [[name, { type, ...(short !== undefined && { short }) }]],
    ),
  )
}

/** A word for a message: escaped, and shortened if it may be a secret. */
const shown = (word: string): string =>
  word.length > 40 || /[^!-~]/.test(word) ? `${word.replaceAll(/[^!-~]/g, "?").slice(0, 12)}…` : word
