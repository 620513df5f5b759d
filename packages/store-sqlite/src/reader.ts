import type { Worker } from "node:worker_threads"
import { UnavailableError } from "@agentwrit/authority"
import type { Compilable } from "kysely"
import type { ReadAnswer, ReadQuestion } from "./reader-worker.ts"
import { startWorker } from "./worker-thread.ts"

/** Queries that may wait; one more is refused at once. */
const QUEUE_LENGTH = 256

/**
 * Runs queries on a thread and a read-only connection of its own: a count over a long trail takes time, which must not hold up
 * a registration.
 */
export class Reader {
  readonly #worker: Worker
  readonly #waiting = new Map<number, { done: (rows: readonly unknown[]) => void; fail: (error: Error) => void }>()
  #asked = 0
  #closed = false

  /** @param damaged told when the file cannot be read. */
  constructor(path: string, damaged: (error: Error) => void) {
    this.#worker = startWorker("reader-worker", { path })
    this.#worker.on("message", ({ id, rows, error, damaged: isDamaged }: ReadAnswer) => {
      const asker = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) this.#worker.unref()
      if (error === undefined) return asker?.done(rows)
      if (isDamaged !== true) return asker?.fail(new Error(error))
      const fault = new UnavailableError("failed", `the database cannot be read: ${error}`)
      damaged(fault)
      asker?.fail(fault)
    })
    this.#worker.on("error", (error) => this.#end(error))
    this.#worker.on("exit", () => this.#end(new Error("the reader has stopped")))
  }

  /** The rows that the query finds. */
  all<Row>(query: Compilable<Row>): Promise<readonly Row[]> {
    if (this.#closed) return Promise.reject(new UnavailableError("closed", "the reader is closed"))
    if (this.#waiting.size >= QUEUE_LENGTH)
      return Promise.reject(new UnavailableError("queue_full", `${QUEUE_LENGTH} queries wait to be read already`))
    const { sql, parameters } = query.compile()
    const id = ++this.#asked
    return new Promise((done, fail) => {
      this.#waiting.set(id, { done: (rows) => done(rows as readonly Row[]), fail })
      this.#worker.ref()
      this.#worker.postMessage({ id, sql, parameters } satisfies ReadQuestion)
    })
  }

  async close(): Promise<void> {
    this.#end(new Error("the reader is closed"))
    await this.#worker.terminate()
  }

  #end(error: Error): void {
    this.#closed = true
    for (const { fail } of this.#waiting.values()) fail(error)
    this.#waiting.clear()
  }
}
