import { type Arguments, isFlag } from "./arguments.ts"
import type { Command } from "./command.ts"
import { GLOBAL_FLAGS } from "./global-flags.ts"
import type { Output } from "./output.ts"
import { padded, widthOf, wrapped } from "./text.ts"
import type { Group } from "./tree.ts"

type Styled = Output["styled"]

/** Names, each with its meaning. */
export type Rows = readonly (readonly [name: string, meaning: string])[]

/** Spaces before the first and the second column of a list. */
const INDENT = 2
const GAP = 2

/** Help of `awrit` itself, or of a group of commands. */
export async function groupHelp(name: string, group: Group, width: number, styled: Styled): Promise<string> {
  return [
    ...wrapped(`${group.summary}.`, width),
    "",
    `${styled("bold", "Usage:")} ${name} COMMAND`,
    "",
    styled("bold", "Commands:"),
    ...list(await groupRows(group), width),
    "",
    styled("bold", "Global flags:"),
    ...list(flagRows(GLOBAL_FLAGS), width),
    "",
    ...wrapped(`${name} COMMAND --help shows the help of a command.`, width),
  ].join("\n")
}

/** The commands of a group, each with its summary. */
export function groupRows({ commands }: Group): Promise<Rows> {
  const rows = Object.entries(commands).map(async ([word, branch]) => {
    if (typeof branch === "function") return [word, (await branch()).summary] as const
    return [word, `${branch.summary} (${Object.keys(branch.commands).join(", ")})`] as const
  })
  return Promise.all(rows)
}

/** Help of one command. */
export function commandHelp(command: Command, width: number, styled: Styled): string {
  const { args, details = [], examples, summary } = command
  const section = (title: string, rows: Rows): string[] =>
    rows.length === 0 ? [] : ["", styled("bold", `${title}:`), ...list(rows, width)]
  return [
    ...wrapped(`${summary}.`, width),
    ...details.flatMap((paragraph) => ["", ...wrapped(paragraph, width)]),
    "",
    ...usageLines(command, width, styled),
    ...section("Arguments", wordRows(args)),
    ...section("Flags", flagRows(args)),
    ...section("Global flags", flagRows(GLOBAL_FLAGS)),
    "",
    styled("bold", "Examples:"),
    ...examples.map((example) => `${" ".repeat(INDENT)}${example}`),
  ].join("\n")
}

/** The rows of what is not a flag. */
export const wordRows = (args: Arguments): Rows =>
  Object.entries(args).flatMap(([name, argument]) =>
    isFlag(argument) ? [] : [[`<${name}>${argument.type === "rest" ? "…" : ""}`, argument.description] as const],
  )

/** The rows of a list of flags. */
export function flagRows(args: Arguments): Rows {
  return Object.entries(args).flatMap(([name, argument]) => {
    if (!isFlag(argument)) return []
    const { choices, description, short, type, value } = argument
    const accepted = choices === undefined ? "" : `: ${choices.join(", ")}`
    const flag = `--${name}${type === "boolean" ? "" : ` ${value ?? "TEXT"}`}${short === undefined ? "" : `, -${short}`}`
    return [[flag, description + accepted] as const]
  })
}

/** The usage of a command, without global flags. */
function usageLines({ name, args }: Command, width: number, styled: Styled): string[] {
  const words = wordRows(args).map(([word]) => word)
  const flags = flagRows(args).map(([flag]) => `[${flag}]`)
  const hasRest = Object.values(args).some(({ type }) => type === "rest")
  const parts = hasRest ? [...flags, "--", ...words] : [...words, ...flags]
  const before = ` awrit ${name} `
  const indent = "Usage:".length + before.length
  // A flag and its value stay on one line.
  const lines = wrapped(parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" "), width - indent)
  return lines.map((line, at) => {
    const text = line.replaceAll("\u00a0", " ")
    return (at === 0 ? styled("bold", "Usage:") + before + text : " ".repeat(indent) + text).trimEnd()
  })
}

function list(rows: Rows, width: number): string[] {
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
