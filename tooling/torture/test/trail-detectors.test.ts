import { brokerFolder } from "@agentwrit/e2e/broker-process"
import { expect, test } from "vitest"
import { withFault } from "../src/planted-fault.ts"
import { Report } from "../src/report.ts"
import { somePast, TAMPERINGS, tamper } from "../src/tampering.ts"
import { forgeTokens } from "../src/tokens.ts"

const LONG = { timeout: 90_000 }

test("tampering sees a broker that verifies nothing behind its start", LONG, async () => {
  const [edited] = TAMPERINGS
  if (edited === undefined) throw new TypeError("no tampering")
  await using past = await somePast()
  const problems = await tamper(past, edited, withFault("verifies nothing behind its start"))
  expect(problems.join("\n")).toMatch(/the log does not tell of it/)
})

test("tokens sees a broker and a verifier that believe strangers", LONG, async () => {
  await using folder = await brokerFolder()
  const report = new Report("short")
  const verifier = { verify: async () => ({}) }
  await forgeTokens(folder, report.row("tokens"), 1, 10, withFault("believes strangers"), verifier)
  const found = report.failures.join("\n")
  for (const seen of [
    /signature: all zero: the broker's verdict is 200/,
    /signature: all zero: as a bearer token it is answered with 200/,
    /signature: all zero: the verifier's verdict is \[object Object\]/,
    /a chain of \d records by chance \(\w+\): the broker's verdict is 200/,
    /a key of small order \(\w+\) is answered with 200/,
  ])
    expect(found).toMatch(seen)
})
