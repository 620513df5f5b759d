import { runCommand } from "citty"
import type { Command } from "./command.ts"
import { checkWords, globalFlags, resolve } from "./command-line.ts"
import { TREE } from "./commands/tree.ts"
import { Context } from "./context.ts"
import { UsageError } from "./errors.ts"
import { failureOf } from "./failure.ts"
import { commandHelp, groupHelp } from "./help.ts"
import { Output } from "./output.ts"
import { VERSION } from "./version.ts"

/** Runs a command line and answers the exit code: 0 when done, 1 when refused or failed, 2 when the line is wrong. */
export async function run(words: readonly string[]): Promise<number> {
  const flags = globalFlags(words)
  const out = new Output({ stdout: process.stdout, stderr: process.stderr, json: flags.json, env: process.env })
  try {
    const exitCode = await dispatch(words, out)
    await out.flush()
    return exitCode
  } catch (error) {
    const { line, exitCode } = failureOf(error)
    if (line !== undefined) out.warn(line, "red")
    return exitCode
  }
}

async function dispatch(words: readonly string[], out: Output): Promise<number> {
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
  return await runLoaded(loaded, rest, new Context({ flags, env: process.env, out, tree: TREE }))
}

async function runLoaded(command: Command, words: readonly string[], context: Context): Promise<number> {
  checkWords(words, command)
  await runCommand(command.citty, { rawArgs: [...words], data: context })
  return context.exitCode
}
