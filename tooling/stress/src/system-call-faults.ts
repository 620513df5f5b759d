import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readdir, readFile } from "node:fs/promises"
import { waitUntil } from "./wait-until.ts"

/** Makes system calls of a running process fail, as `strace` is told by `words`, until the answer is disposed of. */
export async function failSystemCalls(pid: number, words: readonly string[]): Promise<AsyncDisposable> {
  const tracer = spawn("strace", ["-f", "-q", "-o", "/dev/null", ...words, "-p", String(pid)], { stdio: "ignore" })
  if (!(await waitUntil(() => isTraced(pid)))) throw new Error("the tracer does not hold every thread")
  return { [Symbol.asyncDispose]: () => ended(tracer) }
}

async function isTraced(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`)
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, "utf8")))
  return states.every((state) => !/^TracerPid:\t0$/m.test(state))
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, "exit")
  child.kill("SIGTERM")
  await exit
}
