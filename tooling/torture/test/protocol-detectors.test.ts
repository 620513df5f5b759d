import { ADMIN_SECRET } from "@agentwrit/e2e/broker-process"
import { describe, expect, test } from "vitest"
import { withFault } from "../src/planted-fault.ts"
import { PROFILES } from "../src/profile.ts"
import { abuseProtocol, answerProblems, turnedAway } from "../src/protocol-abuse.ts"
import { Report } from "../src/report.ts"
import { Secrets } from "../src/secrets.ts"
import { Stage } from "../src/stage.ts"

const LONG = { timeout: 90_000 }

function stageFor(report: Report): Stage {
  const profile = PROFILES["short"]
  if (profile === undefined) throw new TypeError("no such profile")
  return new Stage({ profile, report, seed: 1, replay: false, deadline: Number.POSITIVE_INFINITY })
}

describe("protocol", () => {
  test("sees a broker that has a bug", LONG, async () => {
    const report = new Report("short")
    await abuseProtocol(stageFor(report), 600, withFault("has a bug"))
    expect(report.isGood).toBe(false)
    expect(report.failures.join("\n")).toMatch(/is answered with 500[\s\S]*the log tells of a bug/)
  })

  test("sees a stack trace, a secret, and an answer without an id", () => {
    const secrets = new Secrets()
    secrets.add("0123456789abcdef0123456789abcdef")
    const headers = "x-request-id"
    const problems = (text: string, status = 400, names = headers) =>
      answerProblems("GET /", { status, text, headers: names }, secrets).join()
    expect(problems("fine")).toBe("")
    expect(problems("Error: x\n    at run (file:///srv/dist/main.js:3:7)")).toMatch(/stack trace/)
    expect(problems('{"detail":"0123456789abcdef0123456789abcdef is wrong"}')).toMatch(/secret 01234567/)
    secrets.add(ADMIN_SECRET)
    expect(problems(`{"detail":"${ADMIN_SECRET} is wrong"}`)).toMatch(/secret an admin/)
    expect(problems("fine", 200, "date")).toMatch(/without X-Request-ID/)
    expect(problems("fine", 500)).toMatch(/is answered with 500/)
    expect(problems("fine", 503)).toBe("")
  })

  test("sees an operation that was always turned away", () => {
    expect(turnedAway(["GET /a", "POST /b"], new Set(["GET /a"]), 25_000)).toEqual(["no POST /b came to its end"])
  })
})
