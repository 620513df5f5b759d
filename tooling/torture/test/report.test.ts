import { expect, test } from "vitest"
import { Report } from "../src/report.ts"

test("every failure tells how it is replayed", () => {
  const report = new Report("long")
  report.row("power-control", "power").fail("lost", 42)
  expect(report.text()).toContain("replay with: npx pnpm@12 torture --profile long --only power --seed 42")
})
