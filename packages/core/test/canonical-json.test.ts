import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { canonicalJson, EncodingError, type JsonValue } from "../src/index.ts"

describe("RFC 8785 samples", () => {
  it("section 3.2.2: serialization of primitive types", () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    expect(canonicalJson(JSON.parse(input) as JsonValue)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  it("section 3.2.3: members in the order of their UTF-16 code units", () => {
    const input = String.raw`{
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis"
    }`
    const text = canonicalJson(JSON.parse(input) as JsonValue)
    expect(text.match(/[A-Z][A-Za-z: ]+(?=")/g)).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ])
  })

  it.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["7fefffffffffffff", "1.7976931348623157e+308"],
    ["ffefffffffffffff", "-1.7976931348623157e+308"],
    ["4340000000000000", "9007199254740992"],
    ["c340000000000000", "-9007199254740992"],
    ["4430000000000000", "295147905179352830000"],
    ["44b52d02c7e14af5", "9.999999999999997e+22"],
    ["44b52d02c7e14af6", "1e+23"],
    ["44b52d02c7e14af7", "1.0000000000000001e+23"],
    ["444b1ae4d6e2ef4e", "999999999999999700000"],
    ["444b1ae4d6e2ef4f", "999999999999999900000"],
    ["444b1ae4d6e2ef50", "1e+21"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("appendix B: %s is %s", (ieee754, text) => {
    expect(canonicalJson(numberOf(ieee754))).toBe(text)
  })

  it.each(["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])("appendix B: %s is an error", (ieee754) => {
    expect(() => canonicalJson(numberOf(ieee754))).toThrow(expect.objectContaining({ code: "not_canonicalizable" }))
  })
})

describe("canonicalJson", () => {
  it.each([
    [{}, "{}"],
    [[], "[]"],
    [{ b: undefined, a: 1 }, '{"a":1}'],
    [{ b: 1, a: undefined }, '{"b":1}'],
    [{ a: [{ d: 1, c: [] }] }, '{"a":[{"c":[],"d":1}]}'],
    [{ 10: "x", 9: "y" }, '{"10":"x","9":"y"}'],
    ["\u007f\u2028\u2029</script>", '"\u007f\u2028\u2029</script>"'],
    ["\b\t\n\f\r\u0000\u001b", String.raw`"\b\t\n\f\r\u0000\u001b"`],
    [Object.assign(Object.create(null) as object, { a: 1 }), '{"a":1}'],
  ] as [JsonValue, string][])("writes %j", (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  it("writes a member named __proto__ like any other", () => {
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"z":1,"a":2}}') as JsonValue)).toBe(
      '{"__proto__":{"a":2,"z":1},"b":1}',
    )
  })

  it.each([
    ["a date", new Date(0)],
    ["a map", new Map()],
    ["bytes", new Uint8Array(2)],
    ["a class instance", new (class Point {})()],
    ["a function", () => 1],
    ["a bigint", 1n],
    ["a symbol", Symbol("a")],
    ["undefined", undefined],
    ["undefined in an array", [undefined]],
    ["a hole in an array", new Array(1)],
    ["NaN deep within", { a: [{ b: Number.NaN }] }],
  ])("refuses %s", (_name, value) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(EncodingError)
    expect(() => canonicalJson(value as JsonValue)).toThrow(expect.objectContaining({ code: "not_canonicalizable" }))
  })

  it.each([["\ud800"], [{ "\udc00": 1 }], [["a\udc00\ud800"]]])("refuses the unpaired surrogate in %j", (value) => {
    expect(() => canonicalJson(value as JsonValue)).toThrow(expect.objectContaining({ code: "ill_formed_text" }))
  })

  it("throws its own error for a cycle or deeply nested input", () => {
    const cycle: JsonValue[] = []
    cycle.push(cycle)
    expect(() => canonicalJson(cycle)).toThrow(EncodingError)
    expect(() => canonicalJson(JSON.parse("[".repeat(100_000) + "]".repeat(100_000)) as JsonValue)).toThrow(
      EncodingError,
    )
    expect(canonicalJson(JSON.parse("[".repeat(128) + "]".repeat(128)) as JsonValue)).toHaveLength(256)
  })

  it("gives equal text for equal values in any member order, and loses nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value as JsonValue)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(canonicalJson(reversed(JSON.parse(text) as JsonValue))).toBe(text)
      }),
    )
  })
})

function numberOf(ieee754: string): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, BigInt(`0x${ieee754}`))
  return view.getFloat64(0)
}

function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => reversed(item))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, member === undefined ? undefined : reversed(member)]),
  )
}
