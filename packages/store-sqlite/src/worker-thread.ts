import { once } from "node:events"
import { Worker } from "node:worker_threads"

/** Starts a file of this package as a thread that does not keep the process alive. */
export function startWorker(name: string, workerData: unknown): Worker {
  // When this file runs from source, so must the thread and everything that it imports.
  const isSource = import.meta.url.endsWith(".ts")
  const worker = new Worker(new URL(`./${name}.${isSource ? "ts" : "js"}`, import.meta.url), {
    workerData,
    execArgv: isSource ? ["--conditions=@agentwrit/source"] : [],
  })
  worker.unref()
  return worker
}

/**
 * Starts a thread for one task, and returns its first message.
 * @throws when it ends without one, for example when `signal` aborts it.
 */
export async function runWorker<Result>(name: string, workerData: unknown, signal: AbortSignal): Promise<Result> {
  signal.throwIfAborted()
  const worker = startWorker(name, workerData)
  try {
    const exit = once(worker, "exit", { signal }).then(() => {
      throw new Error(`${name} stopped before its end`)
    })
    exit.catch(() => undefined)
    // An error of the thread rejects the wait for its message.
    const [result] = await Promise.race([once(worker, "message", { signal }), exit])
    return result
  } finally {
    await worker.terminate()
  }
}
