import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { nextMessage } from "../next-message.ts"
import type { Load, LoadJob } from "./job.ts"

const PROCESS = fileURLToPath(new URL("load-process.ts", import.meta.url))

/** A process that puts load on servers, one job at a time. */
export class LoadClient implements AsyncDisposable {
  readonly #child: ChildProcess = fork(PROCESS, { serialization: "advanced" })

  /**
   * @param prepared awaited between the preparations, such as making launch tokens, and the load.
   */
  async run(job: LoadJob, prepared?: () => Promise<void>): Promise<Load> {
    this.#child.send(job)
    await nextMessage(this.#child)
    await prepared?.()
    this.#child.send("begin")
    const { load, error } = await nextMessage<{ load?: Load; error?: string }>(this.#child)
    if (load === undefined) throw new Error(`the load on ${job.kind} failed: ${error}`)
    return load
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect()
    await once(this.#child, "exit")
  }
}
