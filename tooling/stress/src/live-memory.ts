import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { BroadcastChannel, isMainThread, type Worker } from "node:worker_threads"
import type { BrokerProcess } from "@agentwrit/testing/broker-process"

const VARIABLE = "AGENTWRIT_LIVE_MEMORY"

/** What the main thread asks the others. */
const ASK = "collect"

/** Milliseconds within which a broker has collected its garbage. */
const PATIENCE = 10_000

/** Environment of a broker that {@link liveMemory} can ask; over what else the broker is started with. */
export function withLiveMemory(folder: string, environment: Record<string, string> = {}): Record<string, string> {
  const options = `${environment["NODE_OPTIONS"] ?? ""} --expose-gc --import=${import.meta.url}`
  return { ...environment, [VARIABLE]: join(folder, "live-memory"), NODE_OPTIONS: options.trim() }
}

/** Bytes that the broker's threads still refer to after a collection: unlike what is resident, free of garbage. */
export async function liveMemory({ child }: BrokerProcess, folder: string): Promise<number> {
  const file = join(folder, "live-memory")
  rmSync(file, { force: true })
  child.kill("SIGUSR2")
  const end = performance.now() + PATIENCE
  for (;;) {
    const bytes = Number(readFileOrNothing(file))
    if (bytes > 0) return bytes
    if (performance.now() > end) throw new Error("the broker does not tell what its memory is")
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function readFileOrNothing(file: string): string {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

// Loaded into a broker by `--import`, in each of its threads: the main one answers the signal, once the others have told theirs.
const path = process.env[VARIABLE]
if (path !== undefined) {
  const channel = new BroadcastChannel(VARIABLE)
  if (isMainThread) answerSignal(path, channel)
  else channel.onmessage = (event) => void (messageOf(event) === ASK && channel.postMessage(collected()))
  // It keeps no thread from its end.
  channel.unref()
}

function answerSignal(path: string, channel: BroadcastChannel): void {
  const workers = new Set<Worker>()
  process.on("worker", (worker) => {
    workers.add(worker)
    worker.once("exit", () => workers.delete(worker))
  })
  const told: number[] = []
  const tell = (): void => {
    if (told.length < workers.size) return
    const bytes = told.splice(0).reduce((sum, one) => sum + one, collected())
    writeFileSync(`${path}.new`, String(bytes))
    renameSync(`${path}.new`, path)
  }
  channel.onmessage = (event) => {
    told.push(Number(messageOf(event)))
    tell()
  }
  process.on("SIGUSR2", () => {
    channel.postMessage(ASK)
    tell()
  })
}

/** Every thread hears what every other says. */
const messageOf = (event: unknown): unknown => (event as MessageEvent).data

function collected(): number {
  // What a finalizer lets go in the first is gone in the second.
  for (let times = 0; times < 2; times++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
