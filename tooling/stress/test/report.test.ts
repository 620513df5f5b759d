import { readdirSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { ENDURANCE_FAULTS } from "../src/faults/endurance.ts"
import { LEDGER_FAULTS } from "../src/faults/ledger.ts"
import { STORAGE_FAULTS } from "../src/faults/storage.ts"
import { TRAIL_FAULTS } from "../src/faults/trail.ts"
import { WIRE_FAULTS } from "../src/faults/wire.ts"
import { FAULTS } from "../src/faults.ts"
import { Report } from "../src/report.ts"

test("every failure tells how it is replayed", () => {
  const report = new Report("long")
  report.row("power-control", "power").fail("lost", 42)
  expect(report.text()).toContain("replay with: npx pnpm@12 stress --profile long --only power --seed 42")
})

test("no fault takes the name of another, which would never be planted then", () => {
  const parts = [ENDURANCE_FAULTS, LEDGER_FAULTS, STORAGE_FAULTS, TRAIL_FAULTS, WIRE_FAULTS]
  expect(Object.keys(FAULTS)).toHaveLength(parts.flatMap(Object.keys).length)
})

test("no fault is left that nothing plants", () => {
  const folders = ["./", "../src/"].map((folder) => new URL(folder, import.meta.url))
  const texts = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".ts") && name !== "faults.ts")
      .map((name) => readFileSync(new URL(name, folder), "utf8")),
  )
  expect(Object.keys(FAULTS).filter((name) => !texts.some((text) => text.includes(name)))).toEqual([])
})
