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

/** Places beyond those that only revocations get: issuance must not crowd them out. */
const FOR_REVOCATIONS = 256

/** Milliseconds for which the disk may not answer before nothing more is asked of it but revocations. */
const PATIENCE = 5000

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

/** What an order is, beside what it does. */
export interface OrderTraits {
  readonly revocations?: readonly Revocation[]
  /** Whether it only takes rights away. */
  readonly urgent?: boolean
}

interface Waiting extends Required<OrderTraits> {
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
  /** Set while the disk does not answer. */
  #hung: UnavailableError | undefined
  #watchdog: NodeJS.Timeout | undefined
  /** Counts what was heard, to see that nothing was. */
  #heard = 0
  #closed = false

  /**
   * Opens the file on a thread of its own, brings its schema up to date and verifies the trail since its last checkpoint.
   * @throws DatabaseError when the file cannot be used; the message says what to do.
   */
  static async open(path: string, listeners: WriterListeners): Promise<Writer> {
    const worker = startWorker("writer-worker", { path })
    worker.ref()
    const opening = await new Promise<Opening>((resolve, reject) => {
      worker.once("message", resolve)
      worker.once("error", reject)
      worker.once("exit", () => reject(new Error("the writer has stopped")))
    })
    worker.unref()
    if (opening.type === "refused") throw fromFailure(opening.failure)
    return new Writer(worker, opening.trail, listeners)
  }

  private constructor(worker: Worker, found: OpenedTrail, listeners: WriterListeners) {
    this.#worker = worker
    this.#listeners = listeners
    this.found = found
    this.#trailSize = found.size
    if (found.stalled !== undefined) {
      this.#fault = fromFailure(found.stalled) as UnavailableError
      listeners.stalled(this.#fault)
    }
    worker.on("message", (message: FromWriter) => this.#hear(message))
    worker.on("error", (error) => this.fail(error))
    worker.on("messageerror", (error) => this.fail(error))
    worker.on("exit", () => {
      if (!this.#closed || this.#waiting.size > 0) this.fail(new Error("the writer has stopped"))
    })
  }

  /** Set from a flush that failed until one succeeds, and while the disk does not answer. */
  get fault(): UnavailableError | undefined {
    return this.#fault ?? this.#hung
  }

  /** Events on disk. */
  get trailSize(): number {
    return this.#trailSize
  }

  /**
   * Orders something, and answers once that is on disk.
   * @param traits what it revokes, and whether it does nothing else than to take rights away.
   */
  order<Name extends OrderName>(
    name: Name,
    order: Orders[Name]["order"],
    { revocations = [], urgent = false }: OrderTraits = {},
  ): Promise<Orders[Name]["result"]> {
    if (this.#fault?.code === "failed") return Promise.reject(this.#fault)
    if (this.#closed) return Promise.reject(new UnavailableError("closed", "the store is closed"))
    if (this.#hung !== undefined && !urgent) return Promise.reject(this.#hung)
    if (this.#waiting.size >= QUEUE_LENGTH + (urgent ? FOR_REVOCATIONS : 0))
      return Promise.reject(new UnavailableError("queue_full", `${QUEUE_LENGTH} changes wait to be committed already`))
    const id = ++this.#ordered
    return new Promise<unknown>((done, fail) => {
      if (this.#waiting.size === 0) {
        this.#worker.ref()
        this.#watch()
      }
      this.#waiting.set(id, { revocations, urgent, done, fail })
      if (this.#hung !== undefined) this.#tellRevoked(revocations)
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
      this.#tellRevoked(revocations)
      fail(fault)
    }
    this.#waiting.clear()
    this.#rest()
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
    try {
      this.#worker.postMessage(message)
    } catch (error) {
      // What cannot be sent takes with it all that was to go in the same message.
      this.fail(error)
    }
  }

  /** Looks out for a disk that does not answer any more, as long as something waits for it. */
  #watch(): void {
    const heard = ++this.#heard
    clearTimeout(this.#watchdog)
    // Behind what has come in already: it may be this thread that stood still.
    const look = (): void => void setImmediate(() => this.#heard === heard && this.#waiting.size > 0 && this.#hang())
    this.#watchdog = setTimeout(look, PATIENCE).unref()
  }

  #hang(): void {
    this.#hung = new UnavailableError("busy", `the disk has not answered for ${PATIENCE / 1000} s`)
    // They may be on disk, or never come there: until one knows, they hold. A token that is being renewed is good until it is replaced.
    for (const { revocations, urgent } of this.#waiting.values()) if (urgent) this.#tellRevoked(revocations)
    this.#listeners.stalled(this.#hung)
  }

  /** Nothing is waited for. */
  #rest(): void {
    clearTimeout(this.#watchdog)
    // The end of the thread is waited for until it comes.
    if (!this.#closed) this.#worker.unref()
  }

  #tellRevoked(revocations: readonly Revocation[]): void {
    for (const revocation of revocations) this.#listeners.revoked(revocation)
  }

  #hear(message: FromWriter): void {
    if (this.#fault?.code === "failed") return
    this.#watch()
    if (this.#hung !== undefined) {
      this.#hung = undefined
      this.#listeners.recovered()
    }
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
    for (const [answer, waiting] of settled) if ("result" in answer) this.#tellRevoked(waiting?.revocations ?? [])
    if (listed.length > 0) this.#listeners.listed(listed)
    for (const [answer, waiting] of settled) {
      this.#waiting.delete(answer.id)
      if ("result" in answer) waiting?.done(answer.result)
      else waiting?.fail(fromFailure(answer.failure))
    }
    if (this.#waiting.size === 0) this.#rest()
  }
}
