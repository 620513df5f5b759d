import { expect, test } from "vitest"
import { uniqueHex } from "../src/unique-hex.ts"

test("has the requested length and is unique, also across the blocks of random bytes", () => {
  const lengths = Array.from({ length: 5000 }, (_, at) => 8 + (at % 9))
  const drawn = lengths.map(uniqueHex)
  expect(drawn.map((text) => text.length)).toEqual(lengths.map((bytes) => 2 * bytes))
  expect(drawn.join("")).toMatch(/^[0-9a-f]+$/)
  expect(new Set(drawn.map((text) => text.slice(0, 16))).size).toBe(5000)
  expect(uniqueHex(4096)).toHaveLength(8192)
})

test.each([4097, Number.NaN])("refuses %d bytes", (bytes) => {
  expect(() => uniqueHex(bytes)).toThrow(TypeError)
  expect(uniqueHex(8)).toMatch(/^[0-9a-f]{16}$/)
})
