import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../../../apps/broker/src/main.ts", import.meta.url))

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
 * Starts the broker from its source and waits until it listens.
 * @throws Error with what the broker said when it does not start.
 */
export async function startBroker(environment: Readonly<Record<string, string>>): Promise<BrokerChild> {
  // In a group of its own, so that Ctrl-C reaches it once, by us, and in order.
  const child = spawn(process.execPath, ["--conditions=@agentwrit/source", MAIN], {
    env: { ...withoutSettings(process.env), ...environment },
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

/** A broker's settings in the caller's environment are for another broker; only its trust domain and log may be tried here. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ["AA_TRUST_DOMAIN", "AA_LOG_LEVEL", "AA_LOG_FORMAT"]
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith("AA_") || kept.includes(name)),
  )
}

function listening({ stdout, stderr }: ChildProcess, said: string[]): Promise<string> {
  return new Promise((resolve) => {
    let output = ""
    const hear = (chunk: unknown) => said.push(String(chunk))
    stderr?.on("data", hear)
    stdout?.on("data", (chunk) => {
      output = (output + String(chunk)).slice(-1000)
      const found = /listening on (\S+)\n/.exec(output)
      if (found === null) return
      stderr?.off("data", hear)
      resolve(`http://${found[1]}`)
    })
  })
}
