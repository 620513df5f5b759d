import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(import.meta.resolve("@agentwrit/broker")).replace(/index\.js$/, "main.js")

/** A broker that runs beside this process. */
export interface BrokerChild {
  readonly url: string
  /** Settles with its exit code when it ends, by whatever cause. */
  readonly ended: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** Shows from now on what the broker logs. */
  showLog(): void
}

/**
 * Starts the built broker and waits until it listens.
 * @throws Error with what the broker said when it does not start.
 */
export async function startBroker(environment: Readonly<Record<string, string>>): Promise<BrokerChild> {
  // In a group of its own, so that Ctrl-C reaches it once, by us, and in order.
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
  const said: string[] = []
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)))
  const url = await Promise.race([listening(child, said), ended.then(() => undefined)])
  if (url === undefined) throw new Error(said.join("").trim())
  process.once("exit", () => child.kill("SIGKILL"))
  return {
    url,
    ended,
    kill: (signal) => child.kill(signal),
    showLog() {
      child.stdout?.pipe(process.stdout)
      child.stderr?.pipe(process.stderr)
    },
  }
}

function listening({ stdout, stderr }: ChildProcess, said: string[]): Promise<string> {
  return new Promise((resolve) => {
    stderr?.on("data", (chunk) => said.push(String(chunk)))
    stdout?.on("data", (chunk) => {
      const found = /listening on (\S+)/.exec(String(chunk))
      if (found) resolve(`http://${found[1]}`)
    })
  })
}
