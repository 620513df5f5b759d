import { readFileSync } from "node:fs"
import { codeOf } from "@agentwrit/config-file"
import { CommandError } from "./errors.ts"

/** The text of a file that a flag or variable names. @throws CommandError if it cannot be read. */
export function readFile(from: string, path: string): string {
  try {
    return readFileSync(path, "utf8")
  } catch (error) {
    throw new CommandError(`${from}: ${path} cannot be read (${codeOf(error)})`)
  }
}
