import type { Arguments, Command } from "./command.ts"
import { GLOBAL_FLAGS } from "./global-flags.ts"
import type { Output } from "./output.ts"
import { padded, widthOf, wrapped } from "./text.ts"
import type { Tree } from "./tree.ts"

type Styled = Output["styled"]

/** Spaces before the first and the second column of a list. */
const INDENT = 2
const GAP = 2

/** Help of `awrit` itself, or of a group of commands. */
export function groupHelp(
  path: readonly string[],
  summary: string,
  commands: Tree,
  width: number,
  styled: Styled,
): string {
  const name = ["awrit", ...path].join(" ")
  const rows = Object.entries(commands).map(([word, branch]) => {
    const below = branch.commands === undefined ? "" : ` (${Object.keys(branch.commands).join(", ")})`
    return [word, branch.summary + below] as const
  })
  return [
    ...wrapped(`${path.length === 0 ? "awrit, the operator's command line for AgentWrit" : summary}.`, width),
    "",
    `${styled("bold", "Usage:")} ${name} COMMAND`,
    "",
    styled("bold", "Commands:"),
    ...list(rows, width),
    "",
    styled("bold", "Global flags:"),
    ...list(flagRows(GLOBAL_FLAGS), width),
    "",
    ...wrapped(`${name} COMMAND --help shows the help of a command.`, width),
  ].join("\n")
}

/** Help of one command. */
export function commandHelp(command: Command, width: number, styled: Styled): string {
  const { args, details, examples, summary } = command
  const positionals = Object.entries(args).filter(([, { type }]) => type === "positional")
  const flags = flagRows(args)
  return [
    ...wrapped(`${summary}.`, width),
    ...details.flatMap((paragraph) => ["", ...wrapped(paragraph, width)]),
    "",
    ...usageLines(command, width, styled),
    ...(positionals.length === 0
      ? []
      : [
          "",
          styled("bold", "Arguments:"),
          ...list(
            positionals.map(([name, { description }]) => [`<${name}>`, description]),
            width,
          ),
        ]),
    ...(flags.length === 0 ? [] : ["", styled("bold", "Flags:"), ...list(flags, width)]),
    "",
    styled("bold", "Global flags:"),
    ...list(flagRows(GLOBAL_FLAGS), width),
    "",
    styled("bold", "Examples:"),
    ...examples.map((example) => `${" ".repeat(INDENT)}${example}`),
  ].join("\n")
}

/** The rows of a list of flags. */
export function flagRows(args: Arguments): (readonly [flag: string, description: string])[] {
  return Object.entries(args).flatMap(([name, { type, short, value, description, choices }]) => {
    if (type === "positional") return []
    const accepted = choices === undefined ? "" : `: ${choices.join(", ")}`
    const flag = `--${name}${type === "boolean" ? "" : ` ${value ?? "TEXT"}`}${short === undefined ? "" : `, -${short}`}`
    return [[flag, description + accepted] as const]
  })
}

/** The usage of a command, without global flags. */
export function usageOf({ name, args }: Pick<Command, "name" | "args">): string[] {
  const positionals = Object.entries(args).flatMap(([word, { type }]) => (type === "positional" ? [`<${word}>`] : []))
  return [`awrit ${name}`, ...positionals, ...flagRows(args).map(([flag]) => `[${flag}]`)]
}

function usageLines(command: Command, width: number, styled: Styled): string[] {
  const [first = "", ...parts] = usageOf(command)
  const title = "Usage: "
  const lines: string[] = []
  let line = title + first
  for (const part of parts) {
    if (widthOf(line) + 1 + widthOf(part) > width) {
      lines.push(line)
      line = " ".repeat(title.length + first.length)
    }
    line += ` ${part}`
  }
  return [...lines, line].map((text, at) =>
    at === 0 ? styled("bold", title.trim()) + text.slice(title.length - 1) : text,
  )
}

function list(rows: readonly (readonly [string, string])[], width: number): string[] {
  const first = Math.max(...rows.map(([name]) => widthOf(name)))
  const before = INDENT + first + GAP
  return rows.flatMap(([name, text]) =>
    wrapped(text, Math.max(20, width - before)).map((line, at) =>
      at === 0
        ? `${" ".repeat(INDENT)}${padded(name, first)}${" ".repeat(GAP)}${line}`
        : `${" ".repeat(before)}${line}`,
    ),
  )
}
