import { parseArgs } from "node:util"
import { nodeFault } from "@agentwrit/config-file"
import { fileVariable, VARIABLES } from "./config/variables.ts"
import { VERSION } from "./version.ts"

/** The text that the program prints instead of starting. */
export interface Printed {
  readonly text: string
  /** 0, 1 for a Node that is too old, or 2 for a wrong command line. */
  readonly exitCode: 0 | 1 | 2
}

/**
 * Reads the command line. The broker takes no arguments, because the environment configures it; `undefined` means:
 * start.
 */
export function readCommandLine(args: readonly string[]): Printed | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { help: { type: "boolean", short: "h" }, version: { type: "boolean" } },
    })
    if (values.help) return { text: help(), exitCode: 0 }
    if (values.version) return { text: VERSION, exitCode: 0 }
    const fault = nodeFault()
    return fault === undefined ? undefined : { text: `agentwrit-broker: ${fault}`, exitCode: 1 }
  } catch {
    // The argument may be a secret, so it is not repeated.
    return {
      text: "agentwrit-broker takes only --help and --version; environment variables configure it (--help lists them)",
      exitCode: 2,
    }
  }
}

function help(): string {
  const variables = Object.values(VARIABLES).map((variable) => {
    const { name, summary, fallback, fallbackText } = variable
    const text = fallbackText ?? (String(fallback ?? "") || "none")
    const inFile = fileVariable(variable)
    const file = inFile === undefined ? "" : `\n  ${inFile}\n      File that holds ${name} alone. Default: none.`
    return `  ${name}\n      ${summary} Default: ${text}.${file}`
  })
  return `agentwrit-broker ${VERSION}, the credential broker for AI agents

Usage: agentwrit-broker [--help | --version]

It serves until SIGTERM or SIGINT. SIGHUP reads the TLS files again. Environment variables configure it:

${variables.join("\n")}`
}
