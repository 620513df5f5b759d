import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { nextMessage } from "../next-message.ts"
import type { Load, LoadJob } from "./job.ts"

const PROCESS = fileURLToPath(new URL("load-process.ts", import.meta.url))

/** What a load process sends: that it is prepared, then the result. */
type LoadAnswer = "prepared" | { readonly load: Load } | { readonly error: string }

/** A process that puts load on servers, one job at a time. */
export class LoadClient implements AsyncDisposable {
  readonly #child: ChildProcess = fork(PROCESS, { serialization: "advanced" })

  /** @param prepared awaited between the preparation, such as making launch tokens, and the load. */
  async run(job: LoadJob, prepared?: () => Promise<void>): Promise<Load> {
    this.#child.send(job)
    let answer = await nextMessage<LoadAnswer>(this.#child)
    if (answer === "prepared") {
      await prepared?.()
      this.#child.send("begin")
      answer = await nextMessage<LoadAnswer>(this.#child)
    }
    if (answer === "prepared" || "error" in answer)
      throw new Error(`the load of ${job.kind} failed: ${JSON.stringify(answer)}`)
    return answer.load
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect()
    await once(this.#child, "exit")
  }
}
