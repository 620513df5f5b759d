import { Worker } from "node:worker_threads"

/** Starts a file of this package as a thread that does not keep the process alive. */
export function startWorker(name: string, workerData: unknown): Worker {
  // Run from source the file beside this one is TypeScript, as built it is not; its imports then have to be source as well.
  const fromSource = import.meta.url.endsWith(".ts")
  const worker = new Worker(new URL(`./${name}.${fromSource ? "ts" : "js"}`, import.meta.url), {
    workerData,
    execArgv: fromSource ? ["--conditions=@agentwrit/source"] : [],
  })
  worker.unref()
  return worker
}
