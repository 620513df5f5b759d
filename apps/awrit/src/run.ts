import { runCommand } from "citty"
import { checkWords, globalFlags, resolve } from "./command-line.ts"
import { TREE } from "./commands/tree.ts"
import { Context } from "./context.ts"
import { UsageError } from "./errors.ts"
import { failureOf } from "./failure.ts"
import { commandHelp, groupHelp } from "./help.ts"
import type { Io } from "./io.ts"
import { Output } from "./output.ts"
import { VERSION } from "./version.ts"

/** Runs a command line. @returns the exit code: 0 when done, 1 when refused or failed, 2 when the command line is wrong. */
export async function run(words: readonly string[], io: Io = process): Promise<number> {
  const out = new Output(io, globalFlags(words).json)
  try {
    const exitCode = await dispatch(words, io, out)
    await out.flush()
    return exitCode
  } catch (error) {
    const { line, exitCode } = failureOf(error)
    if (line !== undefined) out.warn(line, "red")
    return exitCode
  }
}

async function dispatch(words: readonly string[], io: Io, out: Output): Promise<number> {
  const { path, branch, rest } = resolve(words, TREE)
  const loaded = await branch.load?.()
  const flags = globalFlags(rest, loaded?.args)
  if (flags.version) {
    await out.document({ version: VERSION })
    await out.lines([`awrit ${VERSION}`])
    return 0
  }
  const width = out.width ?? 80
  if (loaded === undefined) {
    const { commands = TREE } = branch
    if (!flags.help) {
      checkWords(rest, { name: path.join(" "), args: {} })
      const example = ["awrit", ...path, "COMMAND"].join(" ")
      throw new UsageError(`say which command: ${example}, one of ${Object.keys(commands).join(", ")}`)
    }
    await out.line(groupHelp(path, branch.summary, commands, width, out.styled))
    return 0
  }
  if (flags.help) {
    await out.line(commandHelp(loaded, width, out.styled))
    return 0
  }
  checkWords(rest, loaded)
  const context = new Context({ flags, io, out, tree: TREE })
  await runCommand(loaded.citty, { rawArgs: rest, data: context })
  return context.exitCode
}
