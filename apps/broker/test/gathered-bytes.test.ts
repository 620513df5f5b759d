import { expect, it } from "vitest"
import { GatheredBytes } from "../src/http/gathered-bytes.ts"

it.each([
  [[]],
  [[0]],
  [[1]],
  [[5, 7]],
  [[0, 5, 0, 7]],
  [[70_000, 1]],
  [[16_384, 1, 16_383, 1]],
  [Array<number>(40_000).fill(1)],
])("gathers chunks of %j bytes in their order", (lengths) => {
  const gathered = new GatheredBytes()
  const chunks = lengths.map((length, at) => Buffer.alloc(length, at))
  for (const chunk of chunks) gathered.add(chunk)
  expect(gathered.length).toBe(lengths.reduce((sum, length) => sum + length, 0))
  expect(Buffer.concat(chunks).equals(gathered.whole())).toBe(true)
})

it("keeps a lone chunk as it is, and takes up to twice as much as it holds", () => {
  const gathered = new GatheredBytes()
  const chunk = Buffer.alloc(70_000)
  expect(gathered.roomWith(chunk)).toBe(70_000)
  gathered.add(chunk)
  expect(gathered.whole().buffer).toBe(chunk.buffer)
  expect(gathered.roomWith(Buffer.alloc(1))).toBe(128 * 1024)
  expect(gathered.roomWith(Buffer.alloc(1_048_576 - 70_000))).toBe(1_048_576)
})
