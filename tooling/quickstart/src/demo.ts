import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startBroker } from "./broker-child.ts"
import { openDevelopmentFolder } from "./development-folder.ts"
import { printFailure, printLine, printStep } from "./print.ts"
import { walk } from "./walk.ts"

// The steps of `start`, on a free port and in a temporary folder.
const path = mkdtempSync(join(tmpdir(), "agentwrit-demo-"))
process.once("exit", () => rmSync(path, { recursive: true, force: true }))
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130))

try {
  const folder = openDevelopmentFolder(path, 0)
  const broker = await startBroker(folder.environment)
  printLine(`A broker listens on ${broker.url}. An agent gets its first credential:\n`)
  await walk(broker.url, folder, printStep)
  broker.kill("SIGTERM")
  const code = await broker.ended
  if (code !== 0) throw new Error(`the broker stopped with exit code ${code}`)
  printLine("\nDone.")
} catch (error) {
  printFailure(error)
  process.exitCode = 1
}
