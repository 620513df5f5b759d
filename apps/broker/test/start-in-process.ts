import type { BrokerFolder, Ended } from "@agentwrit/testing/broker-process"
import { loadConfig } from "../src/config/config.ts"
import { type RunningBroker, start } from "../src/start.ts"
import { startFailure } from "../src/start-failure.ts"
import { type Capture, capture } from "./captured-log.ts"

/** A broker in this process, started from environment, files and database. */
export interface StartedBroker extends AsyncDisposable {
  readonly url: string
  output(): { readonly stdout: string; readonly stderr: string }
  /** Stops it like a signal. */
  stop(): Promise<void>
}

/** Starts a broker in this process as its program does. It ends with its folder. */
export async function startBroker(
  folder: BrokerFolder,
  environment: Readonly<Record<string, string>> = {},
): Promise<StartedBroker> {
  const logged = capture()
  const running = await startWith({ ...folder.environment, ...environment }, logged)
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => (stopped ??= running.stop())
  const broker = {
    url: `http://${running.listening}`,
    output: () => outputOf(logged),
    stop,
    [Symbol.asyncDispose]: stop,
  }
  folder.running.add(broker)
  return broker
}

/** Starts a broker that must fail, and returns the output and exit code that its program would have. */
export async function runBroker(environment: Readonly<Record<string, string>>): Promise<Ended> {
  const logged = capture()
  try {
    await (await startWith(environment, logged)).stop()
    return { code: 0, signal: null, ...outputOf(logged) }
  } catch (error) {
    const { stdout, stderr } = outputOf(logged)
    return { code: 1, signal: null, stdout, stderr: `${stderr}${startFailure(error)}\n` }
  }
}

const outputOf = ({ stdout, stderr }: Capture) => ({ stdout: stdout.join(""), stderr: stderr.join("") })

async function startWith(environment: Readonly<Record<string, string>>, { log }: Capture): Promise<RunningBroker> {
  const { config, warnings } = loadConfig(environment)
  for (const { message, context } of warnings) log.warn("CFG", message, context)
  return start(config, log)
}
