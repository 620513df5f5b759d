import { once } from "node:events"
import { Worker } from "node:worker_threads"

/** Milliseconds within which everyone is answered, whatever others do. */
export const SERVED = 2000

/** How a bystander fared. */
export interface Fared {
  readonly problems: readonly string[]
  /** The same in words, when all is well. */
  readonly told: string
}

/**
 * A client that goes on while others misbehave. It has a thread of its own, so that what it waits for is the broker and not what else
 * this process does.
 */
export class Bystander implements AsyncDisposable {
  readonly #thread: Worker

  private constructor(thread: Worker) {
    this.#thread = thread
  }

  /** One that was served once. `token`: a good one, which it asks about. */
  static async of(url: string, token: string): Promise<Bystander> {
    const thread = new Worker(new URL("./bystander-thread.ts", import.meta.url), { workerData: { url, token } })
    await once(thread, "message")
    return new Bystander(thread)
  }

  /** Stops, and answers how it fared. */
  async stop(): Promise<Fared> {
    const fared = once(this.#thread, "message")
    this.#thread.postMessage("stop")
    const [what] = await fared
    return what
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate()
  }
}
