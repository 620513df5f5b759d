import { MAX_TOKEN_LENGTH } from "@agentwrit/core"
import { UsageError } from "./errors.ts"
import type { Io } from "./io.ts"

/** Where a token comes from: the command's flag. */
export const TOKEN_FLAG = {
  type: "string",
  value: "JWT",
  description: "The token, or - to read it from stdin, which keeps it out of the list of processes",
} as const

/** The token that was given. @throws UsageError when there is none. */
export async function tokenOf(given: string | undefined, { stdin, stderr }: Io): Promise<string> {
  if (given === undefined) throw new UsageError("--token is missing: give the token, or - to read it from stdin")
  if (given !== "-") return checked(given, "--token")
  if (stdin.isTTY === true) stderr.write("Paste the token, then press Enter and Ctrl-D:\n")
  return checked((await textOf(stdin)).trim(), "stdin")
}

/** What stdin holds, as far as a token could go on: whoever pipes a disk here by mistake is told soon. */
async function textOf(stdin: Io["stdin"]): Promise<string> {
  let read = ""
  for await (const chunk of stdin.setEncoding("utf8")) {
    read += chunk
    if (read.length > 2 * MAX_TOKEN_LENGTH) break
  }
  return read
}

/** Whatever else it is, a token is one word: it travels in a header, from which it may have been copied. */
function checked(given: string, where: string): string {
  const token = given.replace(/^Bearer\s+/i, "")
  if (/^[!-~]+$/.test(token) && token.includes(".") && token.length <= MAX_TOKEN_LENGTH) return token
  throw new UsageError(`${where} holds no token: a token is three parts with dots between, on one line`)
}
