import { nodeFault } from "@agentwrit/config-file"
import { formatOf, hasFlag, parse, resolve } from "./command-line.ts"
import { TREE } from "./commands/tree.ts"
import { candidates } from "./completion/candidates.ts"
import { Context } from "./context.ts"
import { CommandError, UsageError } from "./errors.ts"
import { failureOf } from "./failure.ts"
import { commandHelp, groupHelp } from "./help.ts"
import type { Io } from "./io.ts"
import { Output } from "./output.ts"
import { VERSION } from "./version.ts"

/**
 * Runs a command line. @returns the exit code: 0 when done, 1 when refused or failed, 2 when the command line is wrong.
 */
export async function run(words: readonly string[], io: Io = process): Promise<number> {
  const format = formatOf(words)
  const { yamlOf } = format === "yaml" ? await import("./yaml.ts") : {}
  const out = new Output(io, format, yamlOf)
  try {
    const exitCode = await dispatch(words, io, out)
    await out.flush()
    return exitCode
  } catch (error) {
    const { line, exitCode } = failureOf(error, io.env)
    if (line !== undefined) out.warn(line, "red")
    return exitCode
  }
}

async function dispatch(words: readonly string[], io: Io, out: Output): Promise<number> {
  const [first, shell = "", ...typed] = words
  if (first === "__complete") {
    for (const line of await candidates(shell, typed, TREE)) await out.line(line)
    return 0
  }
  const { path, branch, rest } = resolve(words, TREE)
  const line = ["awrit", ...path].join(" ")
  const asked = typeof branch === "function" ? await branch() : branch
  const args = "args" in asked ? asked.args : {}
  if (hasFlag(rest, "version", args)) {
    await out.document({ version: VERSION })
    await out.lines([`awrit ${VERSION}`])
    return 0
  }
  if (words.length === 0 || hasFlag(rest, "help", args)) {
    const width = out.width ?? 80
    const { styled } = out
    await out.line("args" in asked ? commandHelp(asked, width, styled) : await groupHelp(line, asked, width, styled))
    return 0
  }
  const { flags, given } = parse(rest, args, line)
  if (!("args" in asked))
    throw new UsageError(`say which command: ${line} COMMAND, one of ${Object.keys(asked.commands).join(", ")}`)
  const fault = nodeFault()
  if (fault !== undefined) throw new CommandError(fault)
  return (await asked.run(given, new Context({ flags, io, out }))) ?? 0
}
