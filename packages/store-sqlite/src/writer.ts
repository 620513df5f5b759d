import { once } from "node:events"
import type { Worker } from "node:worker_threads"
import { type ListedRevocation, type Revocation, UnavailableError } from "@agentwrit/authority"
import { fromFailure } from "./failure.ts"
import { startWorker } from "./worker-thread.ts"
import type {
  FromWriter,
  NumberedOrder,
  OpenedTrail,
  Opening,
  OrderAnswer,
  OrderName,
  Orders,
  ToWriter,
} from "./writer-orders.ts"

/** Orders that may wait for a flush; one more is refused at once. */
const QUEUE_LENGTH = 4096

/** Orders that are sent without waiting for more: enough of them to be worth a flush and its fsync. */
const AT_ONCE = 16

/** What a writer tells of. */
export interface WriterListeners {
  /** Each revocation in the moment in which it holds. */
  readonly revoked: (revocation: Revocation) => void
  /** What a flush listed anew, once it is on disk. */
  readonly listed: (entries: readonly ListedRevocation[]) => void
  /** Once, when the outcome of a commit is unknown: nothing more will be committed. */
  readonly failed: (cause: unknown) => void
  /** Commits begin to fail for a cause that may pass, and work again. */
  readonly stalled: (fault: UnavailableError) => void
  readonly recovered: () => void
}

interface Waiting {
  readonly revocations: readonly Revocation[]
  readonly done: (result: unknown) => void
  readonly fail: (error: Error) => void
}

/**
 * The thread that writes to the database, and waits for the disk, while this one answers. What is ordered of it in one turn of the
 * event loop goes over in one message, and what comes while it waits shares its next transaction and fsync.
 */
export class Writer {
  /** The trail as it was found. */
  readonly found: OpenedTrail
  readonly #worker: Worker
  readonly #listeners: WriterListeners
  readonly #waiting = new Map<number, Waiting>()
  #outbox: NumberedOrder[] = []
  #sending: NodeJS.Immediate | undefined
  #ordered = 0
  #trailSize: number
  #fault: UnavailableError | undefined
  #closed = false

  /**
   * Opens the file on a thread of its own, brings its schema up to date and verifies the trail since its last checkpoint.
   * @throws DatabaseError when the file cannot be used; the message says what to do.
   */
  static async open(path: string, listeners: WriterListeners): Promise<Writer> {
    const worker = startWorker("writer-worker", { path })
    worker.ref()
    const [opening] = (await once(worker, "message")) as [Opening]
    worker.unref()
    if (opening.type === "refused") throw fromFailure(opening.failure)
    return new Writer(worker, opening.trail, listeners)
  }

  private constructor(worker: Worker, found: OpenedTrail, listeners: WriterListeners) {
    this.#worker = worker
    this.#listeners = listeners
    this.found = found
    this.#trailSize = found.size
    worker.on("message", (message: FromWriter) => this.#hear(message))
    worker.on("error", (error) => this.fail(error))
    worker.on("exit", () => {
      if (!this.#closed) this.fail(new Error("the writer has stopped"))
    })
  }

  /** Set from a flush that failed until one succeeds. */
  get fault(): UnavailableError | undefined {
    return this.#fault
  }

  /** Events on disk. */
  get trailSize(): number {
    return this.#trailSize
  }

  /**
   * Orders something, and answers once that is on disk.
   * @param revocations what it revokes.
   */
  order<Name extends OrderName>(
    name: Name,
    order: Orders[Name]["order"],
    revocations: readonly Revocation[] = [],
  ): Promise<Orders[Name]["result"]> {
    if (this.#fault?.code === "failed") return Promise.reject(this.#fault)
    if (this.#closed) return Promise.reject(new UnavailableError("closed", "the store is closed"))
    if (this.#waiting.size >= QUEUE_LENGTH)
      return Promise.reject(new UnavailableError("queue_full", `${QUEUE_LENGTH} changes wait to be committed already`))
    const id = ++this.#ordered
    return new Promise<unknown>((done, fail) => {
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(id, { revocations, done, fail })
      this.#outbox.push({ id, name, order } as NumberedOrder)
      // The other thread begins while this one still decides what else there is.
      if (this.#outbox.length >= AT_ONCE) this.#send()
      else this.#sending ??= setImmediate(() => this.#send())
    }) as Promise<Orders[Name]["result"]>
  }

  /** Ends all commits: what was read or written is not to be trusted. */
  fail(cause: unknown): void {
    if (this.#fault?.code === "failed") return
    const message = `the database failed and the outcome of a commit is unknown: ${String(cause)}`
    const fault = new UnavailableError("failed", message, { cause })
    this.#fault = fault
    this.#outbox = []
    this.#post("fail")
    for (const { revocations, fail } of this.#waiting.values()) {
      // It may be on disk: a revocation that may hold after the restart holds now.
      for (const revocation of revocations) this.#listeners.revoked(revocation)
      fail(fault)
    }
    this.#waiting.clear()
    this.#worker.unref()
    this.#listeners.failed(cause)
  }

  /** Flushes what waits, refuses what comes, and closes the file. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // After an I/O error closing would write to the file again; the process ends, and the next start verifies.
    if (this.#fault?.code === "failed") return
    this.#worker.ref()
    const ended = new Promise((resolve) => this.#worker.once("exit", resolve))
    this.#send()
    this.#post("close")
    await ended
  }

  #send(): void {
    clearImmediate(this.#sending)
    this.#sending = undefined
    const orders = this.#outbox
    this.#outbox = []
    if (orders.length > 0) this.#post(orders)
  }

  #post(message: ToWriter): void {
    this.#worker.postMessage(message)
  }

  #hear(message: FromWriter): void {
    if (this.#fault?.code === "failed") return
    switch (message.type) {
      case "answered":
        this.#trailSize = message.trailSize
        this.#settle(message.answers, message.listed)
        break
      case "stalled":
        this.#fault = fromFailure(message.failure) as UnavailableError
        this.#listeners.stalled(this.#fault)
        break
      case "recovered":
        this.#fault = undefined
        this.#listeners.recovered()
        break
      case "failed":
        this.fail(fromFailure(message.failure))
    }
  }

  #settle(answers: readonly OrderAnswer[], listed: readonly ListedRevocation[]): void {
    const settled = answers.map((answer) => [answer, this.#waiting.get(answer.id)] as const)
    for (const [answer, waiting] of settled)
      if ("result" in answer) for (const revocation of waiting?.revocations ?? []) this.#listeners.revoked(revocation)
    if (listed.length > 0) this.#listeners.listed(listed)
    for (const [answer, waiting] of settled) {
      this.#waiting.delete(answer.id)
      if ("result" in answer) waiting?.done(answer.result)
      else waiting?.fail(fromFailure(answer.failure))
    }
    if (this.#waiting.size === 0) this.#worker.unref()
  }
}
