import type { Argument, Arguments, Command } from "../command.ts"
import { GLOBAL_FLAGS } from "../global-flags.ts"

/** The spellings of flags. */
export const flagsOf = (args: Arguments): string[] =>
  Object.entries(args).flatMap(([name, { type }]) => (type === "positional" ? [] : [`--${name}`]))

/** Whether a flag's value is a file. */
export const takesFile = ({ value }: Argument): boolean => value === "FILE" || value === "DATABASE" || value === "PATH"

/** The flags of all commands for which `isMeant`, each once. */
export function flagsWhere(commands: readonly Command[], isMeant: (argument: Argument) => boolean): string[] {
  const all: Arguments[] = [GLOBAL_FLAGS, ...commands.map(({ args }) => args)]
  return [
    ...new Set(
      all.flatMap((args) => Object.entries(args).flatMap(([name, one]) => (isMeant(one) ? [`--${name}`] : []))),
    ),
  ]
}

/** Flags whose value is the next word, which therefore names no command. */
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

/** The words that stand where a command has an argument without a flag. */
export const positionalWords = ({ args }: Command): string[] =>
  Object.values(args).flatMap(({ type, choices = [] }) => (type === "positional" ? choices : []))
