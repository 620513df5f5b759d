import { isUtf8 } from "node:buffer"
import { CommandError } from "./errors.ts"

/** Twice the broker's limit for a request body, so every event fits. */
const MAX_LINE_BYTES = 2 * 1024 * 1024

const NEWLINE = 0x0a

/**
 * Splits an export into its lines, one event each, without blank lines. Yields an empty string for a line that is not
 * UTF-8, which then fails verification.
 * @throws CommandError for a line that is longer than any event.
 */
export async function* eventLines(
  input: AsyncIterable<Uint8Array>,
  source: string,
): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = []
  let length = 0
  let number = 1
  for await (const chunk of input) {
    for (let from = 0, end = 0; from <= chunk.length; from = end + 1) {
      end = chunk.indexOf(NEWLINE, from)
      const part = chunk.subarray(from, end === -1 ? chunk.length : end)
      length += part.length
      if (length > MAX_LINE_BYTES)
        throw new CommandError(
          `${source} is not an export: its line ${number} is longer than any event; make one with awrit audit export`,
        )
      parts.push(part)
      if (end === -1) break
      yield* lineOf(parts)
      parts = []
      length = 0
      number++
    }
  }
  yield* lineOf(parts)
}

function* lineOf(parts: readonly Uint8Array[]): Generator<string, void, undefined> {
  const bytes = Buffer.concat(parts)
  if (!isUtf8(bytes)) yield ""
  else {
    // Some editors add a byte order mark or CRLF line ends.
    const text = bytes
      .toString("utf8")
      .replace(/^\uFEFF/, "")
      .trimEnd()
    if (text !== "") yield text
  }
}
