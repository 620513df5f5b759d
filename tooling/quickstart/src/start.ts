import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type BrokerChild, startBroker } from "./broker-child.ts"
import { type DevelopmentFolder, openDevelopmentFolder } from "./development-folder.ts"
import { printFailure, printLine, printStep } from "./print.ts"
import { walk } from "./walk.ts"

/** The folder for configuration, keys and data; another may be named on the command line. */
const FOLDER = process.argv[2] ?? join(fileURLToPath(new URL("../../..", import.meta.url)), ".agentwrit")

try {
  const port = Number(process.env["AA_PORT"] || 8080)
  const folder = openDevelopmentFolder(FOLDER, port)
  printLine(`${folder.created ? "Made" : "Using"} the development configuration in ${folder.path}\n`)
  const broker = await startBroker(folder.environment)
  stopOnSignals(broker)
  await show(broker, folder)
  broker.showLog()
  process.exitCode = await broker.ended
} catch (error) {
  printFailure(error)
  process.exitCode = 1
  // The broker, when it runs, ends with this process.
  process.exit()
}

async function show({ url }: BrokerChild, folder: DevelopmentFolder): Promise<void> {
  printLine("\nAn agent gets its first credential:\n")
  await walk(url, folder, printStep)
  printLine(`
The broker goes on serving on ${url}. Sign in as the operator, in another terminal:

  ADMIN_SECRET=$(sed -n 's/^ADMIN_SECRET=//p' ${folder.configPath})
  curl -s ${url}/v1/admin/auth -d "{\\"secret\\": \\"$ADMIN_SECRET\\"}"
  curl -s ${url}/v1/health

Ctrl-C stops it. Keys and data stay in ${folder.path}; delete that folder to begin anew.
`)
}

/** The first signal stops the broker cleanly, a second one at once. */
function stopOnSignals(broker: BrokerChild): void {
  let asked = false
  const stop = (): void => {
    broker.kill(asked ? "SIGKILL" : "SIGTERM")
    asked = true
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop)
}
