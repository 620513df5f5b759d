import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { LogContext, LogFormat, LogLevel } from "../src/log/log.ts"
import { capture, NOON } from "./captured-log.ts"

/** The line of one event, without its line end. */
function lineOf(message: string, context?: LogContext, format: LogFormat = "text"): string {
  const { log, stdout } = capture({ format })
  log.ok("main", message, context)
  void log.flush()
  const text = stdout.join("")
  expect(text.endsWith("\n")).toBe(true)
  expect(text.indexOf("\n")).toBe(text.length - 1)
  return text.slice(0, -1)
}

const HEAD = "[AA:BROKER:OK] 2026-02-15T12:00:00Z | main | "

describe("the guide's format", () => {
  it("is that of its first example", () => {
    expect(lineOf("starting broker", { addr: ":8080", version: "2.0.0" })).toBe(
      "[AA:BROKER:OK] 2026-02-15T12:00:00Z | main | starting broker | addr=:8080, version=2.0.0",
    )
  })

  it("is that of its second example", () => {
    const { log, stdout } = capture()
    log.warn("CFG", "AA_DEFAULT_TTL exceeds AA_MAX_TTL", [{ default_ttl: 600, max_ttl: 300 }])
    void log.flush()
    expect(stdout).toEqual([
      "[AA:BROKER:WARN] 2026-02-15T12:00:00Z | CFG | AA_DEFAULT_TTL exceeds AA_MAX_TTL | default_ttl=600 max_ttl=300\n",
    ])
  })

  it("has the second of each line, also when the clock is set back", () => {
    const times = [NOON - 999, NOON, NOON + 1, NOON]
    const { log, stdout } = capture({ now: () => times.shift() ?? Number.NaN })
    for (const message of ["first", "second", "third", "fourth"]) log.ok("main", message)
    void log.flush()
    const seconds = [...stdout.join("").matchAll(/T12:00:(\d\d)Z/g)].map(([, second]) => second)
    expect(seconds).toEqual(["00", "00", "01", "00"])
  })

  it.each<[LogContext | undefined, string]>([
    [undefined, ""],
    [{}, ""],
    [{ gone: undefined }, ""],
    [[{ gone: undefined }, { count: 42 }], " | count=42"],
    [{ count: 42 }, " | count=42"],
    [
      { ok: true, none: null, scope: ["read:data:*", "write:data:1"] },
      ' | ok=true, none=null, scope="read:data:* write:data:1"',
    ],
    [[{ a: 1, b: 2 }, { c: 3 }], " | a=1 b=2, c=3"],
    [
      { path: "/v1/register", agent: "spiffe://agentwrit.local/agent/o/t/0123456789abcdef" },
      " | path=/v1/register, agent=spiffe://agentwrit.local/agent/o/t/0123456789abcdef",
    ],
    [{ reason: "token expired 45 s ago" }, ' | reason="token expired 45 s ago"'],
    [{ empty: "" }, ' | empty=""'],
    [{ address: "[::1]:8080" }, " | address=[::1]:8080"],
  ])("writes %j as %j", (context, expected) => {
    expect(lineOf("message", context)).toBe(`${HEAD}message${expected}`)
  })

  it("shows an error with its causes", () => {
    const error = new Error("outer", { cause: new TypeError("inner", { cause: "a text" }) })
    const line = lineOf("a bug", { error })
    expect(line).toContain("Error: outer\\n")
    expect(line).toContain("caused by: TypeError: inner\\n")
    expect(line).toContain("caused by: a text")
    expect(line).toContain("log.test.ts")
  })

  it("ends at an error that is its own cause", () => {
    const error = new Error("round")
    error.cause = error
    expect(lineOf("a bug", { error })).toContain("round")
  })
})

describe("levels", () => {
  it.each<[LogLevel, string[], string[]]>([
    ["quiet", [], ["FAIL"]],
    ["standard", ["OK", "WARN"], ["FAIL"]],
    ["verbose", ["OK", "WARN"], ["FAIL"]],
    ["trace", ["OK", "WARN", "TRACE"], ["FAIL"]],
  ])("%s shows %j on stdout and %j on stderr", (level, onStdout, onStderr) => {
    const { log, stdout, stderr } = capture({ level })
    for (const write of [log.ok, log.warn, log.fail, log.trace]) write("main", "message")
    void log.flush()
    const levels = (text: string[]) => [...text.join("").matchAll(/^\[AA:BROKER:(\w+)\]/gm)].map((match) => match[1])
    expect(levels(stdout)).toEqual(onStdout)
    expect(levels(stderr)).toEqual(onStderr)
  })
})

describe("values", () => {
  it.each([
    ["a\nb", '"a\\nb"'],
    ["a\r\n[AA:BROKER:OK] forged", '"a\\r\\n[AA:BROKER:OK] forged"'],
    ["a | b", '"a \\u007c b"'],
    ["a, admin=true", '"a, admin\\u003dtrue"'],
    ["a admin=true", '"a admin\\u003dtrue"'],
    ['a" b', '"a\\" b"'],
    ["a\\nb", '"a\\\\nb"'],
    ["a\u2028b", '"a\\u2028b"'],
    ["a\u0085b", '"a\\u0085b"'],
    ["a\u001b[31mb", '"a\\u001b[31mb"'],
    ["a\u202eb", '"a\\u202eb"'],
    ["a\u200bb", '"a\\u200bb"'],
    ["a\ud800b", '"a\\ud800b"'],
    ["a\u{e0041}b", '"a\\udb40\\udc41b"'],
    ["naïve 東京 🙂", '"naïve 東京 🙂"'],
  ])("%j is written %s, and reads back", (value, expected) => {
    expect(lineOf("message", { name: value })).toBe(`${HEAD}message | name=${expected}`)
    expect(JSON.parse(expected)).toBe(value)
  })

  it("in a message or component cannot end it", () => {
    expect(lineOf("a | b\nc\\u007c")).toBe(`${HEAD}a \\u007c b\\u000ac\\\\u007c`)
    const { log, stdout } = capture()
    log.ok("ma | in\n", "message")
    void log.flush()
    expect(stdout).toEqual(["[AA:BROKER:OK] 2026-02-15T12:00:00Z | ma \\u007c in\\u000a | message\n"])
  })

  it("cannot forge a name", () => {
    expect(lineOf("message", { "a=1, b": "x", "c\n": "y" })).toBe(`${HEAD}message | a_1__b=x, c_=y`)
  })

  it("with any text give one line, with one field for each name", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), (a, b) => {
        const hostile = `${a} | ${b}, x=1 `
        const line = lineOf(hostile, { first: a, second: hostile })
        expect(line.split(" | ")).toHaveLength(4)
        expect([...(line.split(" | ")[3] ?? "").matchAll(/(\w+)=/g)].map((match) => match[1])).toEqual([
          "first",
          "second",
        ])
        expect(line).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
      }),
      { numRuns: 500 },
    )
  })

  it("that are too long are cut", () => {
    const line = lineOf("message", { name: "x".repeat(1_000_000) })
    expect(line.length).toBeLessThan(9000)
    expect(line).toContain("991808 more characters")
  })
})

describe("JSON", () => {
  it("has one object per line", () => {
    const context = {
      count: 42,
      ok: true,
      none: null,
      scope: ["read:data:*"],
      gone: undefined,
      reason: "a | b\n\u2028c=d",
    }
    const line = lineOf("message", context, "json")
    expect(line).not.toMatch(/[\u2028\n]/)
    expect(JSON.parse(line)).toEqual({
      time: "2026-02-15T12:00:00Z",
      level: "OK",
      module: "BROKER",
      component: "main",
      message: "message",
      context: { count: 42, ok: true, none: null, scope: ["read:data:*"], reason: "a | b\n\u2028c=d" },
    })
  })

  it("has no field that a caller's name could replace", () => {
    const context = JSON.parse('{ "level": "FAIL", "message": "forged", "__proto__": "x" }')
    const parsed: { readonly context: unknown } = JSON.parse(lineOf("message", context, "json"))
    expect(parsed).toMatchObject({ level: "OK", message: "message" })
    expect(parsed.context).toMatchObject({ level: "FAIL", message: "forged" })
  })
})

describe("redaction", () => {
  const SECRET = "the-secret\nof-two-lines"
  const redact = (text: string) => text.replaceAll(SECRET, "[redacted]")

  it.each<LogFormat>(["text", "json"])("takes secrets out of messages, values and errors (%s)", (format) => {
    const { log, stdout, stderr } = capture({ format, redact })
    const context = { value: `a ${SECRET} b`, list: [SECRET], error: new Error(SECRET, { cause: new Error(SECRET) }) }
    log.ok("main", `message ${SECRET}`, context)
    log.fail("main", SECRET, [context])
    void log.flush()
    const text = [...stdout, ...stderr].join("")
    expect(text).toContain("[redacted]")
    expect(text).not.toMatch(/the-secret|two-lines/)
  })

  it("happens before a value is cut", () => {
    const { log, stdout } = capture({ redact })
    log.ok("main", "message", { value: "x".repeat(8185) + SECRET })
    void log.flush()
    expect(stdout.join("")).not.toContain("the-")
  })

  it("that fails hides the whole value", () => {
    const { log, stdout } = capture({
      redact: () => {
        throw new Error("no")
      },
    })
    log.ok("main", SECRET)
    void log.flush()
    expect(stdout.join("")).toContain("redaction failed")
    expect(stdout.join("")).not.toContain("the-secret")
  })
})
