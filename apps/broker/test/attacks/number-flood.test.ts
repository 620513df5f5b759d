import { expect, test, vi } from "vitest"
import { MalformedJsonError, parseJson } from "../../src/http/json.ts"

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

// One number at the limit once made reading half a million others fifty times slower: each went through a reviver.
test("a number at the limit among a megabyte of others is read without a call for each", () => {
  using parsed = vi.spyOn(JSON, "parse")
  const text = `[${"0,".repeat(500_000)}9007199254740992]`
  expect(parseJson(bytes(text))).toHaveLength(500_001)
  expect(parsed.mock.calls).toEqual([[text]])
})

test("a body full of numbers at the limit is read", () => {
  const numbers = Array.from({ length: 55_000 }, () => "9007199254740992").join(",")
  const read = parseJson(bytes(`{"text":"9007199254740993","numbers":[${numbers}]}`))
  expect(read).toMatchObject({ text: "9007199254740993", numbers: { length: 55_000 } })
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
