#!/usr/bin/env node
import { writeSync } from "node:fs"
import { VERSION } from "./version.ts"

/**
 * Fast path for `--version`: it loads no other module. Returns false if stdout cannot be written; `run` reports that.
 */
function printedVersion(): boolean {
  try {
    return writeSync(process.stdout.fd, `awrit ${VERSION}\n`) > 0
  } catch {
    return false
  }
}

const words = process.argv.slice(2)
if (!(words.length === 1 && words[0] === "--version" && printedVersion())) {
  const { run } = await import("./run.ts")
  process.exitCode = await run(words)
}
