import { gzipSync } from "node:zlib"
import { bundle } from "./bundle.ts"

// What a page loads of the SDK: each entry bundled from what is built.

/** Entries for browsers, with the most bytes that each may have, minified and gzipped. */
const ENTRIES = [
  { entry: "@agentwrit/sdk", limit: 12 * 1024 },
  // Verifying brings the curve's arithmetic along, for platforms that have none of their own.
  { entry: "@agentwrit/sdk/verify", limit: 34 * 1024 },
]

/**
 * What only Node has. An import of one of its modules fails the bundling already; a look whether there is a `process` does no harm.
 */
const OF_NODE = /\b(?:Buffer|require|__dirname)\b|\bnode:/

const sizes: string[] = []
for (const { entry, limit } of ENTRIES) {
  const text = await bundle(entry)
  const size = gzipSync(text, { level: 9 }).length
  const [found] = OF_NODE.exec(text) ?? []
  if (found !== undefined) fail(`${entry} has ${found}, which only Node has`)
  if (size > limit)
    fail(`${entry} has ${size} bytes gzipped, more than ${limit}: see what it carries with esbuild --analyze`)
  sizes.push(`${entry} ${size.toLocaleString("en")} of ${limit.toLocaleString("en")} bytes`)
}
process.stdout.write(`${sizes.join(", ")}\n`)

function fail(fault: string): void {
  process.stderr.write(`${fault}\n`)
  process.exitCode = 1
}
