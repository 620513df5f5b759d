import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { AWRIT } from "../../src/awrit.ts"

/** Runs of each; the fastest of many is what the programs take, not what else the machine does. */
const RUNS = 25

test("--version takes at most half again as long as an empty script", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "agentwrit-quick-"))
  try {
    const empty = join(folder, "empty.mjs")
    writeFileSync(empty, "")
    const took = (words: readonly string[]): number => {
      const began = performance.now()
      execFileSync(process.execPath, words, { stdio: "ignore" })
      return performance.now() - began
    }
    const [scripts, versions]: [number[], number[]] = [[], []]
    // In turns, so that both meet the same machine.
    for (let run = 0; run < RUNS; run++) {
      scripts.push(took([empty]))
      versions.push(took([AWRIT, "--version"]))
    }
    const [script, version] = [Math.min(...scripts), Math.min(...versions)]
    console.log(`empty script ${script.toFixed(1)} ms, awrit --version ${version.toFixed(1)} ms`)
    expect(version / script).toBeLessThanOrEqual(1.5)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
