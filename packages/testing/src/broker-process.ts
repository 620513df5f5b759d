import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../../../apps/broker/dist/main.js", import.meta.url))

export const ADMIN_SECRET = "an admin secret that only tests know"

/**
 * A folder for one broker's files, removed at the end of the scope. `parent`: its parent folder, for example on a test
 * disk.
 */
export async function brokerFolder(parent: string = tmpdir()): Promise<BrokerFolder> {
  const path = await mkdtemp(join(parent, "agentwrit-e2e-"))
  const running = new Set<AsyncDisposable>()
  return {
    path,
    environment: {
      AA_ADMIN_SECRET: ADMIN_SECRET,
      AA_PORT: "0",
      // Each client names its address, so that tests do not share rate limits.
      AA_TRUSTED_PROXIES: "127.0.0.1/32",
      AA_DB_PATH: join(path, "data.db"),
      AA_SIGNING_KEY_PATH: join(path, "signing.key"),
    },
    running,
    async [Symbol.asyncDispose]() {
      for (const broker of running) await broker[Symbol.asyncDispose]()
      await rm(path, { recursive: true, force: true })
    },
  }
}

export interface BrokerFolder extends AsyncDisposable {
  readonly path: string
  readonly environment: Readonly<Record<string, string>>
  /** The brokers that were started on it. They end with the scope. */
  readonly running: Set<AsyncDisposable>
}

/** The exit code and the output of a process. */
export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** A broker that runs as a separate process. */
export interface BrokerProcess extends AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
  output(): { readonly stdout: string; readonly stderr: string }
  /** Sends the signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>
}

/**
 * Starts the built broker and waits until it listens.
 * @param wrapper a program, with its arguments, that replaces itself by the broker, such as `prlimit`.
 */
export async function startBroker(
  folder: BrokerFolder,
  environment: Record<string, string> = {},
  wrapper: readonly string[] = [],
): Promise<BrokerProcess> {
  const { child, ended, output } = launch({ ...folder.environment, ...environment }, wrapper)
  const url = await Promise.race([listeningUrl(child), ended.then(failedStart)])
  const broker: BrokerProcess = {
    url,
    child,
    output,
    async end(signal) {
      child.kill(signal)
      return ended
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL")
      await ended
    },
  }
  folder.running.add(broker)
  return broker
}

/** Runs the built broker to its end: for starts that are refused. */
export function runBroker(environment: Record<string, string>, wrapper: readonly string[] = []): Promise<Ended> {
  return launch(environment, wrapper).ended
}

/** Starts the built broker without waiting. */
export function launch(environment: Record<string, string>, wrapper: readonly string[] = []) {
  const { PATH = "" } = process.env
  const [program = "", ...words] = [...wrapper, process.execPath, MAIN]
  const env = { PATH, HOME: "/nonexistent", ...environment }
  const child = spawn(program, words, { env, stdio: ["ignore", "pipe", "pipe"] })
  const texts = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (texts.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (texts.stderr += text))
  const ended = once(child, "close").then(([code, signal]): Ended => ({ code, signal, ...texts }))
  return { child, ended, output: () => ({ ...texts }) }
}

function listeningUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let text = ""
    const look = (chunk: string): void => {
      text += chunk
      const found = /AgentWrit broker v\S+ listening on (\S+)( \(m?TLS\))?\n/.exec(text)
      if (found === null) return
      // Search only the new part of the log.
      child.stdout?.off("data", look)
      resolve(`${found[2] === undefined ? "http" : "https"}://${found[1]}`)
    }
    child.stdout?.on("data", look)
  })
}

/** A broker that ended before it listened. */
export class FailedStart extends Error {
  readonly ended: Ended

  constructor(ended: Ended) {
    const { code, signal, stdout, stderr } = ended
    super(`the broker did not start (${signal ?? `exit ${code}`})\n${stdout}\n${stderr}`)
    this.ended = ended
  }
}

function failedStart(ended: Ended): never {
  throw new FailedStart(ended)
}
