import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { AWRIT } from "@agentwrit/testing/awrit"
import { expect, test } from "vitest"

/** Runs of each; the fastest of many is what the programs take, not what else the machine does. */
const RUNS = 25

/** Where the machine does much else, the fastest of so many: what a program takes, it takes in every run. */
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
    // In turns, so that both meet the same machine.
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
