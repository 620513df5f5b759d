import { expect, test } from "vitest"
import { withFault } from "../src/planted-fault.ts"
import { somePast, TAMPERINGS, tamper } from "../src/tampering.ts"

const LONG = { timeout: 90_000 }

test("tampering sees a broker that verifies nothing behind its start", LONG, async () => {
  const [edited] = TAMPERINGS
  if (edited === undefined) throw new TypeError("no tampering")
  await using past = await somePast()
  const problems = await tamper(past, edited, withFault("verifies nothing behind its start"))
  expect(problems.join("\n")).toMatch(/the log does not tell of it/)
})
