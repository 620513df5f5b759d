import { isUtf8 } from "node:buffer"
import { CommandError } from "./errors.ts"

/** Longest line of an export, in bytes: twice what a request of the broker may hold, so that every event fits. */
const LONGEST_LINE = 2 * 1024 * 1024

const NEWLINE = 0x0a

/**
 * The lines of an export, an event each; blank ones are left out. A line that is not UTF-8 comes as an empty one, which is no event.
 * @throws CommandError for a line that is longer than any event: the file is something else.
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
      if (length > LONGEST_LINE)
        throw new CommandError(
          `${source} is no export: its line ${number} is longer than any event; make one with awrit audit export`,
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
    // Some editors and shells put a mark before the first line, and end lines their own way.
    const text = bytes
      .toString("utf8")
      .replace(/^\uFEFF/, "")
      .trimEnd()
    if (text !== "") yield text
  }
}
