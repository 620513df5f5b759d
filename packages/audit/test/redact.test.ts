import { createRedactor, MIN_SECRET_LENGTH, REDACTED } from "@agentwrit/audit"
import { createSigningKey, encodeBase64Url, encodeHex, encodeUtf8 } from "@agentwrit/core"
import fc from "fast-check"
import { describe, expect, test } from "vitest"

const redact = createRedactor({ secrets: ["correct horse"] })
const part = (value: unknown): string => encodeBase64Url(encodeUtf8(JSON.stringify(value)))
const header = part({ alg: "EdDSA", typ: "JWT", kid: "k" })
const payload = part({ iss: "", sub: "admin" })
const signature = encodeBase64Url(createSigningKey(new Uint8Array(32)).sign(new Uint8Array()))
const token = `${header}.${payload}.${signature}`
const hex = encodeHex(new Uint8Array(32).fill(0xab))
const pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcH\n-----END PRIVATE KEY-----"

test.each([
  ["a token", token, REDACTED],
  ["a token among words", `token ${token} expired`, `token ${REDACTED} expired`],
  ["a token at the end of a sentence", `refused ${token}.`, `refused ${REDACTED}.`],
  ["a token in quotes", `{"token":"${token}"}`, `{"token":"${REDACTED}"}`],
  ["a token in a URL", `/cb?token=${token}&x=1`, `/cb?${REDACTED}&x=1`.replace("?[", "?token=[")],
  ["a token behind an escape", `Bearer%20${token}`, `Bearer%20${REDACTED}`],
  ["a token behind an underscore", `jwt_${token}`, `jwt_${REDACTED}`],
  ["a token of two parts", `${header}.${payload}`, REDACTED],
  ["a token cut short in its second part", `${header}.e`, REDACTED],
  ["a token cut short after its second part", `${header}.${payload}.`, `${REDACTED}.`],
  ["a token without a payload", `${header}..${signature}`, REDACTED],
  ["a token of five parts", `${header}.a.b.c.d`, REDACTED],
  ["a token with padding", `${header}==.${payload}=.${signature}`, REDACTED],
  ["two tokens", `${token} ${token}`, `${REDACTED} ${REDACTED}`],
  ["two tokens that touch", `${token}.${token}`, REDACTED],
  ["a PEM block", `key:\n${pem}\nend`, `key:\n${REDACTED}\nend`],
  ["a PEM block in one line", pem.replaceAll("\n", "\\n"), REDACTED],
  ["a PEM block without its end", `x ${pem.slice(0, 50)}`, `x ${REDACTED}`],
  ["two PEM blocks", `${pem} and ${pem}`, `${REDACTED} and ${REDACTED}`],
  ["an OpenSSH key", pem.replaceAll("PRIVATE", "OPENSSH PRIVATE"), REDACTED],
  ["64 hex characters", `nonce ${hex} unknown`, `nonce ${REDACTED} unknown`],
  ["64 upper-case hex characters", hex.toUpperCase(), REDACTED],
  ["64 hex characters of mixed case", hex.slice(0, 32) + hex.slice(32).toUpperCase(), REDACTED],
  ["65 hex characters", `${hex}a`, REDACTED],
  ["128 hex characters", hex + hex, REDACTED],
  ["hex inside a word", `x${hex}x`, `x${REDACTED}x`],
  ["a known secret", "secret correct horse given", `secret ${REDACTED} given`],
  ["a known secret inside a word", "xcorrect horsex", `x${REDACTED}x`],
])("redacts %s", (_, text, expected) => {
  expect(redact(text)).toBe(expected)
})

test.each([
  "",
  "token expired 45 s ago",
  "scope write:data:1 not covered by read:data:*",
  "spiffe://agentwrit.local/agent/orch-1/task-1/0123456789abcdef",
  "jti 0123456789abcdef0123456789abcdef revoked",
  `${hex.slice(1)} is 63 characters`,
  "eyJ",
  "eyJhbGciOiJFZERTQSJ9 is a header alone.",
  "see eyJ. And so on.",
  "key.eyJ",
  "-----BEGIN-----",
  "two -- dashes, three --- dashes",
  "correct  horse, incorrect hors",
])("leaves %j alone", (text) => {
  expect(redact(text)).toBe(text)
})

describe("known secrets", () => {
  test("that are short are ignored", () => {
    const tiny = createRedactor({ secrets: ["", "a", "is", "a".repeat(MIN_SECRET_LENGTH - 1)] })
    const text = "this is a plain aaaaa text"
    expect(tiny(text)).toBe(text)
    expect(createRedactor({ secrets: ["this"] })(text)).toBe(`${REDACTED} is a plain aaaaa text`)
  })

  test("are matched literally, with every overlap", () => {
    expect(createRedactor({ secrets: ["a.c*(", "$&$1"] })("a.c*( abc $&$1")).toBe(`${REDACTED} abc ${REDACTED}`)
    expect(createRedactor({ secrets: ["abcab"] })("abcabcab-")).toBe(`${REDACTED}-`)
    expect(createRedactor({ secrets: ["secret-one", "one-secret"] })("a secret-one-secret")).toBe(`a ${REDACTED}`)
  })

  test("inside a token or around one are redacted with it", () => {
    const inside = createRedactor({ secrets: [payload.slice(3, 9)] })
    expect(inside(`a ${token} b`)).toBe(`a ${REDACTED} b`)
    const around = createRedactor({ secrets: [`pass ${hex.slice(0, 10)}`] })
    expect(around(`the pass ${hex} b`)).toBe(`the ${REDACTED} b`)
  })

  test("do not follow later changes of the list", () => {
    const secrets = ["first-secret"]
    const redactor = createRedactor({ secrets })
    secrets[0] = "other-secret"
    expect(redactor("first-secret")).toBe(REDACTED)
  })
})

test("no planted secret remains in any text", () => {
  const secret = fc.constantFrom(token, `${header}.${payload}`, pem, hex, hex.toUpperCase(), "correct horse")
  const noise = fc.oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom("eyJ", ".", "-----BEGIN ", "-----", "=", "%20", "/", '"', "ab12", "correct "),
  )
  fc.assert(
    fc.property(
      fc.array(noise, { maxLength: 6 }),
      secret,
      fc.array(noise, { maxLength: 6 }),
      (before, planted, after) => {
        const redacted = redact(before.join("") + planted + after.join(""))
        expect(redacted).toContain(REDACTED)
        expect(redacted).not.toContain(planted)
        expect(redacted).not.toContain(payload)
        expect(redacted).not.toContain(hex.slice(0, 64))
        expect(redacted).not.toContain("MC4CAQ")
      },
    ),
    { numRuns: 1000 },
  )
})

describe("a megabyte of hostile text takes linear time", () => {
  const size = 1_000_000
  test.each([
    ["token beginnings", "eyJ"],
    ["token beginnings with dots", "eyJ."],
    ["token beginnings with dots before", ".eyJ"],
    ["dots", "."],
    ["base64url", "A"],
    ["short runs", "a "],
    ["63 hex characters, over and over", `${"a".repeat(63)} `],
    ["hex", "a"],
    ["PEM beginnings", "-----BEGIN "],
    ["PEM beginnings that are complete", "-----BEGIN A-----"],
    ["PEM beginnings and ends", "-----BEGIN A----------END "],
    ["PEM blocks", "-----BEGIN A----------END A-----"],
    ["dashes", "-"],
    ["dashes and spaces", "- "],
    ["a secret's beginning", "correct hors"],
    ["a secret", "correct horse"],
    ["a secret that overlaps itself", "zz"],
  ])("%s", (_, unit) => {
    const hostile = createRedactor({ secrets: ["correct horse", "z".repeat(100)] })
    const text = unit.repeat(Math.ceil(size / unit.length))
    // A quadratic search takes minutes, and the test times out.
    expect(hostile(text).length).toBeGreaterThan(0)
  })
})
