import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { eventLines } from "../src/event-lines.ts"

async function linesOf(...chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* input() {
    yield* chunks
  }
  const lines: string[] = []
  for await (const line of eventLines(input(), "trail.ndjson")) lines.push(line)
  return lines
}

describe("the lines of an export", () => {
  test("do not depend on the chunk size", async () => {
    const texts = fc.array(fc.string({ unit: "grapheme" }).filter((text) => /^\S+$/.test(text)))
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), async (lines, step) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""))
        const pieces: Uint8Array[] = []
        for (let from = 0; from < bytes.length; from += step) pieces.push(bytes.subarray(from, from + step))
        expect(await linesOf(...pieces)).toEqual(lines)
      }),
    )
  })

  test("replace a line that is not UTF-8 by an empty one", async () => {
    expect(await linesOf(Buffer.from("{}\n"), Buffer.from([0x7b, 0xff, 0x7d, 0x0a]), Buffer.from("{}"))).toEqual([
      "{}",
      "",
      "{}",
    ])
  })

  test("have a maximum length", async () => {
    const [longest] = await linesOf(Buffer.alloc(2 * 1024 * 1024, "a"), Buffer.from("\n"))
    expect(longest).toHaveLength(2 * 1024 * 1024)
    await expect(linesOf(Buffer.from("{}\n"), Buffer.alloc(2 * 1024 * 1024 + 1, "a"))).rejects.toThrow(
      "trail.ndjson is not an export: its line 2 is longer than any event",
    )
  })
})
