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
