#!/usr/bin/env node
import { VERSION } from "./version.ts"

const words = process.argv.slice(2)
// What only tells the version loads nothing else.
if (words.length === 1 && words[0] === "--version") process.stdout.write(`awrit ${VERSION}\n`)
else {
  const { run } = await import("./run.ts")
  process.exitCode = await run(words)
}
