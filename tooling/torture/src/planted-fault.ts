import { registerHooks } from "node:module"
import { fileURLToPath } from "node:url"

/** A change to one file of the built broker that breaks a promise, so that a detector can show that it sees it. */
interface Fault {
  /** How the file's address ends. */
  readonly file: string
  /** Text that is there once. */
  readonly from: string
  readonly to: string
}

const FAULTS = {
  "synchronous-normal": [
    {
      file: "store-sqlite/dist/connection.js",
      from: '    database.pragma("synchronous = FULL");\n    database.pragma(`application_id',
      to: '    database.pragma("synchronous = NORMAL");\n    database.pragma(`application_id',
    },
    { file: "store-sqlite/dist/connection.js", from: "synchronous !== 2", to: "synchronous !== 1" },
  ],
} as const satisfies Record<string, readonly Fault[]>

/** The faults that can be planted. */
export type FaultName = keyof typeof FAULTS

/** Environment of a broker with that fault in it. */
export function withFault(name: FaultName): Record<string, string> {
  return { AGENTWRIT_PLANTED_FAULT: name, NODE_OPTIONS: `--import=${import.meta.url}` }
}

// Loaded into a broker by `--import`: changes its files as they are read.
const planted = process.env["AGENTWRIT_PLANTED_FAULT"]
if (planted !== undefined) plant(FAULTS[planted as FaultName])

function plant(changes: readonly Fault[]): void {
  const root = fileURLToPath(new URL("../../..", import.meta.url))
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const due = changes.filter(({ file }) => url.endsWith(file) && url.startsWith(`file://${root}`))
      if (due.length === 0) return loaded
      let source = String(loaded.source)
      for (const { file, from, to } of due) {
        // A fault that is not planted would make its detector look good.
        if (source.split(from).length !== 2) {
          process.stderr.write(`the fault ${planted} does not fit ${file}: bring it up to date\n`)
          process.exit(99)
        }
        source = source.replace(from, to)
      }
      return { ...loaded, source }
    },
  })
}
