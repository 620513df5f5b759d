import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { AWRIT } from "@agentwrit/testing/awrit"
import { expect, test } from "vitest"

/** Runs of each. The fastest of many shows the cost of the program, not other load of the machine. */
const RUNS = 25

/** Runs on a busy machine. */
const MOST_RUNS = 200

const MOST = 1.5

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
    // Alternately, so that both run under the same load.
    const fastest = (): [script: number, version: number] => [Math.min(...scripts), Math.min(...versions)]
    const isTooSlow = ([script, version] = fastest()): boolean => version / script > MOST
    for (let run = 0; run < RUNS || (run < MOST_RUNS && isTooSlow()); run++) {
      scripts.push(took([empty]))
      versions.push(took([AWRIT, "--version"]))
    }
    const [script, version] = fastest()
    console.log(`empty script ${script.toFixed(1)} ms, awrit --version ${version.toFixed(1)} ms`)
    expect(version / script).toBeLessThanOrEqual(MOST)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
