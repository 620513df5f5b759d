import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { figures } from "../src/figures.ts"

const MAIN = new URL("../src/main.ts", import.meta.url).pathname
const out = mkdtempSync(join(tmpdir(), "agentwrit-bench-smoke-"))
afterAll(() => rmSync(out, { recursive: true, force: true }))

const bench = (...words: string[]) =>
  spawnSync(process.execPath, [MAIN, ...words, "--out", out], { encoding: "utf8", timeout: 280_000 })

describe("the bench", () => {
  it("measures every figure, or says why it cannot, and keeps what it prints", { timeout: 300_000 }, () => {
    const { status, stdout, stderr } = bench("--short")
    expect(stderr).toBe("")
    expect(status).toBe(0)
    const { results } = JSON.parse(readFileSync(join(out, "results.json"), "utf8"))
    for (const { name } of figures) {
      if (stdout.includes(`${name}: not measured`)) {
        console.warn(/.*not measured.*/.exec(stdout)?.[0])
        continue
      }
      const { rows } = results.find((result: { name: string }) => result.name === name)
      expect(rows.length).toBeGreaterThan(0)
      for (const row of rows) {
        expect(stdout).toContain(row.what)
        expect(row.measured.median).toBeGreaterThan(0)
      }
    }
  })

  it("lays a profile beside a figure, and says where the time went", { timeout: 60_000 }, () => {
    const { status, stdout, stderr } = bench("challenge", "--short", "--cpu-prof")
    expect([status, stderr]).toEqual([0, ""])
    expect(stdout).toMatch(/^challenge: \d+ s$/m)
    for (const side of ["broker", "floor"])
      expect(readdirSync(join(out, "profiles", "challenge", side))).toEqual([expect.stringMatching(/\.cpuprofile$/)])
    for (const heading of ["by itself", "with all that it calls"])
      expect(stdout).toMatch(
        new RegExp(`^broker +floor {2}${heading}\n( *\\d+\\.\\d % +\\d+\\.\\d % {2}\\S.*\n)+`, "m"),
      )
  })

  it("names the figures there are when asked for another", () => {
    const { status, stderr } = bench("validate-sene")
    expect(status).toBe(2)
    expect(stderr).toContain("there is no figure validate-sene; there are validate-seen, validate-new, challenge")
  })
})
