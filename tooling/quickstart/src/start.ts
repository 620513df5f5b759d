import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type BrokerChild, startBroker } from "./broker-child.ts"
import { type DevelopmentFolder, openDevelopmentFolder } from "./development-folder.ts"
import { printFailure, printLine, printStep } from "./print.ts"
import { walk } from "./walk.ts"

/** The folder for configuration, keys and data; the command line may name another one. */
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
  // A running broker ends with this process.
  process.exit()
}

async function show({ url }: BrokerChild, folder: DevelopmentFolder): Promise<void> {
  printLine("\nAn agent gets its first credential:\n")
  await walk(url, folder, printStep)
  printLine(`
The broker serves ${url} until you press Ctrl-C. What to do next, in another terminal:

  export AA_CONFIG_PATH=${folder.configPath}
  npx pnpm@12 awrit app register --name crm --scopes 'read:data:*'   an app of your own
  npx pnpm@12 awrit audit events                                     the audit trail so far
  npx pnpm@12 awrit --help                                           every command

  ${url}/v1/docs   the API
  docs/developer.md   write agents in your own code

Keys and data are in ${folder.path}; delete that folder to start from scratch.
`)
}

/** The first signal stops the broker cleanly, the second one kills it. */
function stopOnSignals(broker: BrokerChild): void {
  let asked = false
  const stop = (): void => {
    broker.kill(asked ? "SIGKILL" : "SIGTERM")
    asked = true
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop)
}
