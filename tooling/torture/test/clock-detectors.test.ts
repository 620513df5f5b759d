import { expect, test } from "vitest"
import { LIBRARY, stepClock } from "../src/clock-steps.ts"
import { findLibrary } from "../src/needs.ts"
import { withFault } from "../src/planted-fault.ts"
import { Report } from "../src/report.ts"

const LONG = { timeout: 90_000 }

const library = findLibrary(LIBRARY)
if (library === undefined) console.log("not run: the detector of stepped clocks, which needs libfaketime")
test.skipIf(library === undefined)("clock sees a broker that forgets by the clock alone", LONG, async () => {
  const report = new Report("short")
  await stepClock(library ?? "", report.row("clock"), 1, withFault("forgets by the clock alone"), [0, 3600, 0])
  expect(report.failures.join("\n")).toMatch(/the token superseded validates again/)
})
