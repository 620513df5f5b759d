import { MAX_TOKEN_LENGTH } from "@agentwrit/core"
import { UsageError } from "./errors.ts"
import type { Io } from "./io.ts"

/** The flag for a token. */
export const TOKEN_FLAG = {
  type: "string",
  value: "JWT",
  description: "The token, or - to read it from stdin, which keeps it out of the process list",
} as const

/** Reads the token. @throws UsageError if there is none. */
export async function tokenOf(given: string | undefined, { stdin, stderr }: Io): Promise<string> {
  if (given === undefined) throw new UsageError("--token is missing: give the token, or - to read it from stdin")
  if (given !== "-") return checked(given, "--token")
  if (stdin.isTTY === true) stderr.write("Paste the token, then press Enter and Ctrl-D:\n")
  return checked((await textOf(stdin)).trim(), "stdin")
}

/** Reads stdin up to a bound, because stdin may be endless. */
async function textOf(stdin: Io["stdin"]): Promise<string> {
  let read = ""
  for await (const chunk of stdin.setEncoding("utf8")) {
    read += chunk
    if (read.length > 2 * MAX_TOKEN_LENGTH) break
  }
  return read
}

/** Accepts a token with or without the `Bearer` prefix of a header. */
function checked(given: string, where: string): string {
  const token = given.replace(/^Bearer\s+/i, "")
  if (/^[!-~]+$/.test(token) && token.includes(".") && token.length <= MAX_TOKEN_LENGTH) return token
  throw new UsageError(`${where} does not contain a token: a token is one line of three parts separated by dots`)
}
