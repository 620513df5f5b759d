import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { describe, expect, test } from "vitest"
import { answerProblems } from "../src/answer-problems.ts"
import { droppedLines, logProblems } from "../src/leaks.ts"
import { withFault } from "../src/planted-fault.ts"
import { PROFILES } from "../src/profile.ts"
import { abuseProtocol } from "../src/protocol-abuse.ts"
import { Report } from "../src/report.ts"
import { Secrets } from "../src/secrets.ts"
import { Stage } from "../src/stage.ts"
import { Tries } from "../src/tries.ts"

const LONG = { timeout: 90_000 }

function stageFor(report: Report, deadline: number = Number.POSITIVE_INFINITY): Stage {
  const profile = PROFILES["short"]
  if (profile === undefined) throw new TypeError("no such profile")
  return new Stage({ profile, report, seed: 1, replay: false, deadline })
}

describe("protocol", () => {
  test("sees a broker that has a bug, and one that logs less than is searched", LONG, async () => {
    const report = new Report("short")
    const environment = { ...withFault("has a bug"), AA_LOG_LEVEL: "standard" }
    await abuseProtocol(stageFor(report), 600, { environment })
    expect(report.isGood).toBe(false)
    const found = report.failures.join("\n")
    for (const seen of [/is answered with 500/, /the log tells of a bug/, /the log has 0 lines for \d+ answers/])
      expect(found).toMatch(seen)
  })

  test("sees a broker that tells secrets in its log, its trail, its answers and their headers", LONG, async () => {
    const report = new Report("short")
    const environment = withFault(
      "logs bearer tokens",
      "writes paths as they were asked for",
      "shows the secrets of apps",
      "echoes bearer tokens",
    )
    await abuseProtocol(stageFor(report), 900, { environment })
    const found = report.failures.join("\n")
    for (const seen of [
      /the log holds the secret eyJ\w+…: \[AA:BROKER:TRACE\] .* token=eyJ/,
      /the trail holds the secret \w+…: .*"resource":"\/v1\/admin\/apps\//,
      /GET \/v1\/admin\/apps \S+ is answered with the secret [0-9a-f]{8}…\n/,
      /GET \/v1\/challenge \S+ is answered with the secret eyJ\w+… in a header/,
    ])
      expect(found).toMatch(seen)
  })

  test("sees an answer that never comes, and asks no more after five of them", LONG, async () => {
    const report = new Report("short")
    // More than can be sent until five answers are overdue.
    await abuseProtocol(stageFor(report), 100_000, { environment: withFault("never answers"), hang: 2000 })
    expect(report.failures.join("\n")).toMatch(/GET \/v1\/admin\/agents.*: no answer within 2000 ms/)
    expect(report.notRun.join("\n")).toMatch(/^protocol: \d+ of 100000 requests, because \d+ were not answered$/m)
  })

  test("tells what the deadline cut off, and takes it for no fault of the broker", LONG, async () => {
    const report = new Report("short")
    await abuseProtocol(stageFor(report, 0), 900)
    expect([report.failures, report.notRun[0]]).toEqual([[], "protocol: 900 of 900 requests, because the time was up"])
    expect(report.notRun[1]).toMatch(/GET \/v1\/audit\/events with the query until/)
  })
})

describe("an answer", () => {
  const HEADERS = "X-Request-ID: a\nX-Content-Type-Options: nosniff\nCache-Control: no-store\nX-Frame-Options: DENY\n"
  const secrets = new Secrets()
  const word = "0123456789abcdef".repeat(4)
  secrets.add(word)
  secrets.add(ADMIN_SECRET)
  const problems = (text: string, status = 400, headers = HEADERS, byRight = "") =>
    answerProblems("GET /", { status, text, headers }, secrets, byRight).join()

  test("may not be a stack trace or a server's error", () => {
    expect(problems("fine")).toBe("")
    expect(problems("Error: x\n    at run (file:///srv/dist/main.js:3:7)")).toMatch(/stack trace/)
    expect(problems("fine", 500)).toMatch(/is answered with 500/)
    expect(problems("fine", 503)).toBe("")
  })

  test.each(["X-Request-ID", "X-Content-Type-Options", "Cache-Control", "X-Frame-Options"])(
    "may not lack %s",
    (name) => {
      const others = HEADERS.split("\n").filter((line) => !line.startsWith(name))
      expect(problems("fine", 200, others.join("\n"))).toBe(`GET / is answered without ${name}`)
    },
  )

  test.each([200, 400])("may not tell a secret, be it %i", (status) => {
    expect(problems(`{"detail":"${word} is wrong"}`, status)).toMatch(/secret 01234567/)
    expect(problems(`{"detail":"${ADMIN_SECRET} is wrong"}`, status)).toMatch(/secret an admin/)
    expect(problems("fine", status, `${HEADERS}Location: /${word}\n`)).toMatch(/secret 01234567… in a header/)
  })

  test("may hand out a secret once, but not twice", () => {
    expect(problems(`{"client_secret":"${word}"}`, 201, HEADERS, word)).toBe("")
    expect(problems(`{"client_secret":"${word}","name":"${word}"}`, 201, HEADERS, word)).toMatch(/secret 01234567/)
  })
})

test("secrets are found whatever stands around them", () => {
  const secrets = new Secrets()
  const word = "fedcba9876543210".repeat(4)
  const token = `eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiIifQ.${"Zm9v-_YmFy".repeat(8)}Zm9vYm`
  const signature = `${"ab+/".repeat(21)}ab==`
  for (const secret of [word, token, signature]) secrets.add(secret)
  for (const secret of [word, token, signature])
    for (const text of [
      `token=${secret}`,
      `/v1/admin/apps/${secret}`,
      `app-${secret}-000000`,
      `"${secret}."`,
      `a${secret}b`,
    ])
      expect([text, secrets.in(text)]).toEqual([text, [secret]])
  expect(secrets.in(`signature="${signature.replaceAll("=", "\\u003d")}"`)).toEqual([signature])
  for (let before = 0; before < 130; before++) {
    expect(secrets.in("7".repeat(before) + word)).toEqual([word])
    expect(secrets.in("-".repeat(before) + word.slice(1))).toEqual([])
  }
  expect(secrets.in(`token=${token.slice(0, -1)}`)).toEqual([])
})

test("lines that the log dropped are counted, and are not taken for unwritten ones", () => {
  const stdout = "[AA:BROKER:TRACE] x\n[AA:BROKER:WARN] x | log | lines dropped | count=12\n"
  expect(droppedLines({ stdout })).toBe(12)
  expect(logProblems({ stdout, stderr: "" }, 13, new Secrets())).toEqual([])
  expect(logProblems({ stdout, stderr: "" }, 14, new Secrets())).toEqual(["the log has 1 lines for 14 answers"])
})

test("an operation that was always turned away is told apart from one that was hardly tried", () => {
  const tries = new Tries()
  for (let time = 0; time < 60; time++) tries.enter(["GET /a", "POST /b"], false)
  tries.enter(["GET /a"], true)
  tries.enter(["GET /c"], false)
  const names = ["GET /a", "POST /b", "GET /c", "GET /d"]
  expect(tries.turnedAway(names)).toEqual(["no POST /b came to its end, of 60"])
  expect(tries.rare(names)).toEqual(["GET /c", "GET /d"])
})
