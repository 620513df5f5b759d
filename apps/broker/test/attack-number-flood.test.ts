import { expect, test } from "vitest"
import { MalformedJsonError, parseJson } from "../src/http/json.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function milliseconds(text: string): number {
  const body = bytes(text)
  let best = Number.POSITIVE_INFINITY
  for (let run = 0; run < 5; run++) {
    const began = performance.now()
    parseJson(body)
    best = Math.min(best, performance.now() - began)
  }
  return best
}

// One number at the limit once made reading half a million other numbers fifty times slower.
test("a number at the limit among a megabyte of others does not stop the thread", () => {
  const zeros = "0,".repeat(500_000)
  expect(milliseconds(`[${zeros}9007199254740992]`)).toBeLessThan(5 * milliseconds(`[${zeros}9007199254740991]`))
})

test.each([
  ["9007199254740992", true],
  ["-9007199254740992", true],
  ["9007199254740992.000", true],
  ["9007199254740993", false],
  ["-9007199254740993", false],
  ["9007199254740991.9", false],
  ["9.007199254740993e15", false],
  ["90071992547409930e-1", false],
  ['"9007199254740993",9007199254740992', true],
  ['"\\"9007199254740993\\\\",9007199254740992', true],
  ['"\\\\",9007199254740993', false],
  ['{"9007199254740993":9007199254740992}', true],
  ['{"a\\"9007199254740992":-9007199254740993}', false],
])("of the spellings that parse as 2^53, %s is accepted: %s", (members, isAccepted) => {
  const read = () => parseJson(bytes(`[${members}]`))
  if (isAccepted) expect(read()).toBeInstanceOf(Array)
  else expect(read).toThrow(MalformedJsonError)
})
