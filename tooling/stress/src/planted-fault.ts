import { registerHooks } from "node:module"
import { fileURLToPath } from "node:url"
import type { Fault } from "./fault.ts"
import { FAULTS, type FaultName } from "./faults.ts"

const VARIABLE = "AGENTWRIT_PLANTED_FAULT"

/** Environment of a broker with these faults in it. */
export function withFault(...names: readonly FaultName[]): Record<string, string> {
  return { [VARIABLE]: names.join("; "), NODE_OPTIONS: `--import=${import.meta.url}` }
}

// Loaded into a broker by `--import`: changes its files as they are read.
const planted = process.env[VARIABLE]
if (planted !== undefined) plant(planted.split("; ").flatMap((name): readonly Fault[] => FAULTS[name as FaultName]))

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
          process.stderr.write(`a fault of "${planted}" does not fit ${file}: bring it up to date\n`)
          process.exit(99)
        }
        source = source.replace(from, () => to)
      }
      return { ...loaded, source }
    },
  })
}
