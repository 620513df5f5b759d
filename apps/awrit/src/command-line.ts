import { parseArgs } from "node:util"
import { closest, distance } from "fastest-levenshtein"
import { type Argument, type Arguments, type Given, isFlag, listOf, type Values } from "./arguments.ts"
import { UsageError } from "./errors.ts"
import { FORMATS, type Format, GLOBAL_FLAGS, type GlobalFlags } from "./global-flags.ts"
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
  let branch: Branch = { summary: "awrit, the operator's command line for AgentWrit", commands: tree }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ""
    if (typeof branch === "function") rest.push(word)
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
  const typed = word.slice(0, LONGEST_WORD)
  const meant = similar(typed, closest(typed, Object.keys(commands)))
  const advice = meant === undefined ? "" : ` did you mean "${before} ${meant}"?`
  throw new UsageError(`there is no command "${before} ${shown(word)}";${advice} "${before} --help" lists the commands`)
}

const takesValue = (word: string): boolean =>
  Object.entries<Argument>(GLOBAL_FLAGS).some(
    ([name, { short, type }]) => type === "string" && (word === `--${name}` || word === `-${short}`),
  )

/** Whether a command line has a flag. The rest may be incorrect. */
export const hasFlag = (words: readonly string[], flag: "help" | "version", args: Arguments): boolean =>
  read(words, args).values[flag] === true

/** The form of the result that a command line asks for. The rest may be incorrect. */
export function formatOf(words: readonly string[]): Format {
  const { json, output } = read(words, {}).values
  return json === true ? "json" : (FORMATS.find((format) => format === output) ?? "table")
}

/**
 * Reads the arguments of a command, and the global flags.
 * @param line the command, such as `awrit app register`, for messages.
 * @throws UsageError for an unknown flag, a missing value, a flag given twice, and a surplus argument.
 */
export function parse<const A extends Arguments>(
  words: readonly string[],
  args: A,
  line: string,
): { given: Given<A>; flags: GlobalFlags } {
  const end = Object.values(args).some(({ type }) => type === "rest") ? words.indexOf("--") : -1
  const { positionals, tokens, values } = read(end === -1 ? words : words.slice(0, end), args)
  const names = Object.keys(args).filter((name) => args[name]?.type === "positional")
  checkFlags(tokens, { ...args, ...GLOBAL_FLAGS }, line)
  const surplus = positionals[names.length]
  if (surplus !== undefined) {
    const meant = NAMING_FLAGS.find((name) => Object.hasOwn(args, name))
    const advice = meant === undefined ? "" : ` did you mean --${meant} ${shown(surplus)}?`
    throw new UsageError(`"${line}" takes no argument "${shown(surplus)}";${advice} see "${line} --help"`)
  }
  const all = { ...values, ...Object.fromEntries(names.map((name, at) => [name, positionals[at]])) }
  const flags = valuesOf(GLOBAL_FLAGS, all)
  checkFormat(flags)
  return { given: valuesOf(args, all, end === -1 ? [] : words.slice(end + 1)), flags }
}

/** Flags for what a command is about, which other command lines take as a plain word. */
const NAMING_FLAGS = ["id", "kid", "file"]

function checkFormat({ json, output }: GlobalFlags): void {
  if (output === undefined) return
  if (!FORMATS.some((format) => format === output))
    throw new UsageError(`--output must be one of ${FORMATS.join(", ")}`)
  if (json && output !== "json") throw new UsageError(`--json and --output ${output} contradict each other`)
}

function checkFlags(tokens: Read["tokens"], known: Arguments, line: string): void {
  const seen = new Set<string>()
  for (const token of tokens) {
    if (token.kind !== "option") continue
    const { name, rawName, value } = token
    const flag = Object.hasOwn(known, name) ? known[name] : undefined
    if (flag === undefined || !isFlag(flag) || ![`--${name}`, `-${flag.short}`].includes(rawName)) {
      const meant = nearestFlag(rawName, known)
      const advice = meant === undefined ? `see "${line} --help"` : `did you mean ${meant}?`
      throw new UsageError(`"${line}" has no flag ${shown(rawName)}; ${advice}`)
    }
    if (seen.has(name))
      throw new UsageError(`--${name} is given twice${flag.type === "list" ? "; separate its values by commas" : ""}`)
    seen.add(name)
    if (flag.type === "boolean") {
      if (value !== undefined) throw new UsageError(`--${name} takes no value`)
    } else if (value === undefined || value === "") {
      const example = flag.value === undefined ? "" : `: --${name} ${flag.value}`
      throw new UsageError(`--${name} needs a value${example}`)
    } else if (!token.inlineValue && value.startsWith("--"))
      // parseArgs takes the next flag as the missing value.
      throw new UsageError(`--${name} needs a value; write a value that starts with -- as --${name}=VALUE`)
  }
}

function valuesOf<const A extends Arguments>(args: A, all: Read["values"], rest: readonly string[] = []): Given<A> {
  const values = Object.entries(args).map(([name, { type }]) => [
    name,
    type === "rest" ? rest : convert(type, all[name]),
  ])
  return Object.fromEntries(values)
}

function convert(type: Argument["type"], value: Read["values"][string]): Values[Argument["type"]] {
  if (type === "boolean") return value === true
  if (typeof value !== "string") return undefined
  if (type === "list") return listOf(value)
  return type === "number" && /^-?\d{1,15}$/.test(value) ? Number(value) : value
}

type Read = ReturnType<typeof read>

function read(words: readonly string[], args: Arguments) {
  const options = Object.entries<Argument>({ ...args, ...GLOBAL_FLAGS }).flatMap(([name, flag]) => {
    const { short, type } = flag
    if (!isFlag(flag)) return []
    return [[name, { type: type === "boolean" ? type : "string", ...(short !== undefined && { short }) }] as const]
  })
  return parseArgs({
    args: [...words],
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
}

const LONGEST_WORD = 64

/** The most similar flag: for one letter, a flag that starts with it; otherwise one within a small edit distance. */
function nearestFlag(given: string, args: Arguments): string | undefined {
  const names = Object.entries(args).flatMap(([name, argument]) => (isFlag(argument) ? [name] : []))
  const word = given.replace(/^-+/, "").slice(0, LONGEST_WORD)
  const meant =
    word.length === 1 ? names.find((name) => name.startsWith(word.toLowerCase())) : similar(word, closest(word, names))
  return meant === undefined ? undefined : `--${meant}`
}

const similar = (word: string, name: string): string | undefined =>
  distance(word, name) <= 1 + word.length / 3 ? name : undefined

/** A word for a message: escaped, and shortened if it may be a secret. */
const shown = (word: string): string =>
  word.length > 40 || /[^!-~]/.test(word) ? `${word.replaceAll(/[^!-~]/g, "?").slice(0, 12)}…` : word
