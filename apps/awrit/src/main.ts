#!/usr/bin/env node
import { writeSync } from "node:fs"
import { VERSION } from "./version.ts"

/** What only tells the version loads nothing else; where it cannot be written, the rest knows what to say. */
function hasToldVersion(): boolean {
  try {
    return writeSync(process.stdout.fd, `awrit ${VERSION}\n`) > 0
  } catch {
    return false
  }
}

const words = process.argv.slice(2)
if (!(words.length === 1 && words[0] === "--version" && hasToldVersion())) {
  const { run } = await import("./run.ts")
  process.exitCode = await run(words)
}
