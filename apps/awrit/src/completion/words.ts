import type { Argument, Arguments, Command } from "../command.ts"
import { GLOBAL_FLAGS } from "../global-flags.ts"

/** The flags as typed, such as `--json`. */
export const flagsOf = (args: Arguments): string[] =>
  Object.entries(args).flatMap(([name, { type }]) => (type === "positional" ? [] : [`--${name}`]))

/** Whether a flag's value is a file. */
export const takesFile = ({ value }: Argument): boolean => value === "FILE" || value === "DATABASE" || value === "PATH"

/** The matching flags of all commands, without duplicates. */
export function flagsWhere(commands: readonly Command[], matches: (argument: Argument) => boolean): string[] {
  const all: Arguments[] = [GLOBAL_FLAGS, ...commands.map(({ args }) => args)]
  return [
    ...new Set(
      all.flatMap((args) => Object.entries(args).flatMap(([name, one]) => (matches(one) ? [`--${name}`] : []))),
    ),
  ]
}

/** Flags that take the next word as their value. */
export const valueFlags = (commands: readonly Command[]): string[] =>
  flagsWhere(commands, ({ type }) => type === "string")

/** The words that lead to every command and group: `app`, `app register` and so on. */
export function prefixes(commands: readonly Command[]): string[] {
  const all = commands.flatMap(({ name }) => {
    const words = name.split(" ")
    return words.map((_, at) => words.slice(0, at + 1).join(" "))
  })
  return [...new Set(all)]
}

/** The accepted values of positional arguments. */
export const positionalWords = ({ args }: Command): string[] =>
  Object.values(args).flatMap(({ type, choices = [] }) => (type === "positional" ? choices : []))
