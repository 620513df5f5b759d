import { text } from "node:stream/consumers"
import { UsageError } from "./errors.ts"

/** Where a token comes from: the command's flag. */
export const TOKEN_FLAG = {
  type: "string",
  value: "JWT",
  description: "The token, or - to read it from stdin, which keeps it out of the list of processes",
} as const

/** The token that was given. @throws UsageError when there is none. */
export async function tokenOf(given: string | undefined): Promise<string> {
  if (given === undefined) throw new UsageError("--token is missing: give the token, or - to read it from stdin")
  if (given !== "-") return checked(given, "--token")
  if (process.stdin.isTTY === true) process.stderr.write("Paste the token, then press Enter and Ctrl-D:\n")
  return checked((await text(process.stdin)).trim(), "stdin")
}

/** Whatever else it is, a token is one word: it travels in a header. */
function checked(token: string, where: string): string {
  if (/^[!-~]+$/.test(token)) return token.replace(/^Bearer$/i, "")
  throw new UsageError(`${where} holds no token: a token is three parts with dots between, on one line`)
}
