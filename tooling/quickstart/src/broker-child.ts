import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../../../apps/broker/src/main.ts", import.meta.url))

/** A broker that runs beside this process. */
export interface BrokerChild {
  readonly url: string
  /** Resolves with the exit code when the process ends. */
  readonly ended: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** Shows the broker's log from now on. */
  showLog(): void
}

/**
 * Starts the broker from its source and waits until it listens.
 * @throws Error with the broker's output when it does not start.
 */
export async function startBroker(environment: Readonly<Record<string, string>>): Promise<BrokerChild> {
  // In its own process group: Ctrl-C must reach it only through us.
  const child = spawn(process.execPath, ["--conditions=@agentwrit/source", MAIN], {
    env: { ...withoutSettings(process.env), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
  const errors: string[] = []
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)))
  const url = await Promise.race([listening(child, errors), ended.then(() => undefined)])
  if (url === undefined) throw new Error(errors.join("").trim())
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

/** Leaves out the caller's AA_ variables, which are for another broker, except those of trust domain and log. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ["AA_TRUST_DOMAIN", "AA_LOG_LEVEL", "AA_LOG_FORMAT"]
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith("AA_") || kept.includes(name)),
  )
}

function listening({ stdout, stderr }: ChildProcess, errors: string[]): Promise<string> {
  return new Promise((resolve) => {
    let output = ""
    const onError = (chunk: unknown) => errors.push(String(chunk))
    stderr?.on("data", onError)
    stdout?.on("data", (chunk) => {
      output = (output + String(chunk)).slice(-1000)
      const found = /listening on (\S+)\n/.exec(output)
      if (found === null) return
      stderr?.off("data", onError)
      resolve(`http://${found[1]}`)
    })
  })
}
