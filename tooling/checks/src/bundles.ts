import { gzipSync } from "node:zlib"
import { bundle } from "./bundle.ts"

// Bundles the SDK's entries for browsers, and limits their size.

/** Entries for browsers, and the largest size of each, minified and gzipped. */
const ENTRIES = [
  // Contains the proofs of bound tokens, and the names of all options, to refuse misspelt ones.
  { entry: "@agentwrit/sdk", limit: 17 * 1024 },
  // Contains the arithmetic of the curve, for platforms without Ed25519.
  { entry: "@agentwrit/sdk/verify", limit: 35 * 1024 },
  { entry: "@agentwrit/sdk/fetch", limit: 6 * 1024 },
]

/** Names that exist only in Node. `process` is not one of them: code may check whether it exists. */
const NODE_ONLY = /\b(?:Buffer|require|__dirname)\b|\bnode:/

const sizes: string[] = []
for (const { entry, limit } of ENTRIES) {
  const text = await bundle(entry)
  const size = gzipSync(text, { level: 9 }).length
  const [found] = NODE_ONLY.exec(text) ?? []
  if (found !== undefined) fail(`${entry} contains ${found}, which exists only in Node`)
  if (size > limit)
    fail(`${entry} has ${size} bytes gzipped, more than ${limit}: find the cause with esbuild --analyze`)
  sizes.push(`${entry} ${size.toLocaleString("en")} of ${limit.toLocaleString("en")} bytes`)
}
process.stdout.write(`${sizes.join(", ")}\n`)

function fail(fault: string): void {
  process.stderr.write(`${fault}\n`)
  process.exitCode = 1
}
