import type { Worker } from "node:worker_threads"
import { type Revocation, UnavailableError } from "@agentwrit/authority/ports"
import { fromFailure } from "./failure.ts"
import type { RevocationRow } from "./revocation-rows.ts"
import { startWorker } from "./worker-thread.ts"
import type {
  Answer,
  Command,
  Commands,
  FromWriter,
  NewCommand,
  OpenedTrail,
  Opening,
  Stall,
  ToWriter,
} from "./writer-commands.ts"

/** Commands that may wait; one more is refused at once. */
const MAX_WAITING = 4096

/** Further places for changes that only revoke: other changes must not crowd them out. */
const MAX_WAITING_REVOCATIONS = 256

/** How long the disk may take to answer before only revocations are sent to it. */
const DISK_TIMEOUT_MS = 5000

/** Commands that are sent without waiting for more: enough to be worth a flush and its fsync. */
const BATCH_SIZE = 16

export interface WriterListeners {
  /** Called with the revocation entries of a flush that are on disk, before its commits are answered. */
  readonly onAppended: (entries: readonly RevocationRow[]) => void
  /** Called with revocations whose commit has an unknown outcome. */
  readonly onUnconfirmed: (revocations: readonly Revocation[]) => void
  /** Called once when the outcome of a commit is unknown: nothing more is committed. */
  readonly onFailed: (cause: unknown) => void
  /** Called when commits begin to fail for a cause that may pass, and when they succeed again. */
  readonly onStalled: (fault: UnavailableError) => void
  readonly onRecovered: () => void
}

/** What the writer needs to know of a command. */
export interface CommandTraits {
  readonly revocations?: readonly Revocation[]
  /** Whether it only revokes. */
  readonly urgent?: boolean
}

interface Waiting extends Required<CommandTraits> {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * The thread that writes to the database and waits for the disk. Commands of one turn of the event loop go over in one
 * message; commands that arrive while the disk works share the next transaction and fsync.
 */
export class Writer {
  /** The trail as it was found. */
  readonly found: OpenedTrail
  readonly #worker: Worker
  readonly #listeners: WriterListeners
  readonly #waiting = new Map<number, Waiting>()
  #outbox: Command[] = []
  #sending: NodeJS.Immediate | undefined
  #lastId = 0
  #trailSize: number
  #fault: UnavailableError | undefined
  /** Set while the disk does not answer. */
  #hung: UnavailableError | undefined
  #watchdog: NodeJS.Timeout | undefined
  /** Counts messages, so that the watchdog sees when none came. */
  #messages = 0
  #closed = false

  /**
   * Opens the file, brings its schema up to date and verifies the trail since its last checkpoint.
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
      this.#fault = unavailable(found.stalled)
      listeners.onStalled(this.#fault)
    }
    worker.on("message", (message: FromWriter) => this.#onMessage(message))
    worker.on("error", (error) => this.fail(error))
    worker.on("messageerror", (error) => this.fail(error))
    worker.on("exit", () => {
      if (!this.#closed || this.#waiting.size > 0) this.fail(new Error("the writer has stopped"))
    })
  }

  /** Set from a failed flush until one succeeds, and while the disk does not answer. */
  get fault(): UnavailableError | undefined {
    return this.#fault ?? this.#hung
  }

  /** Number of events on disk. */
  get trailSize(): number {
    return this.#trailSize
  }

  /** Sends a command; resolves with its result once that is on disk. */
  send<Sent extends NewCommand>(
    command: Sent,
    { revocations = [], urgent = false }: CommandTraits = {},
  ): Promise<Commands[Sent["name"]]["result"]> {
    if (this.#fault?.code === "failed") return Promise.reject(this.#fault)
    if (this.#closed) return Promise.reject(new UnavailableError("closed", "the store is closed"))
    if (this.#hung !== undefined && !urgent) return Promise.reject(this.#hung)
    if (this.#waiting.size >= MAX_WAITING + (urgent ? MAX_WAITING_REVOCATIONS : 0))
      return Promise.reject(new UnavailableError("queue_full", `${MAX_WAITING} changes are waiting already`))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) {
        this.#worker.ref()
        this.#restartWatchdog()
      }
      // The thread answers a command with its result; a message carries no type.
      const settle = (result: unknown): void => resolve(result as Commands[Sent["name"]]["result"])
      this.#waiting.set(id, { revocations, urgent, resolve: settle, reject })
      if (this.#hung !== undefined) this.#listeners.onUnconfirmed(revocations)
      this.#outbox.push({ ...command, id })
      // The other thread starts while this one still produces commands.
      if (this.#outbox.length >= BATCH_SIZE) this.#flushOutbox()
      else this.#sending ??= setImmediate(() => this.#flushOutbox())
    })
  }

  /** Ends all commits, because the database cannot be trusted. */
  fail(cause: unknown): void {
    if (this.#fault?.code === "failed") return
    const message = `the database failed and the outcome of a commit is unknown: ${String(cause)}`
    const fault = new UnavailableError("failed", message, { cause })
    this.#fault = fault
    this.#outbox = []
    this.#post("fail")
    // Any of them may be on disk. A revocation that may hold after a restart must hold now.
    this.#listeners.onUnconfirmed([...this.#waiting.values()].flatMap(({ revocations }) => revocations))
    for (const { reject } of this.#waiting.values()) reject(fault)
    this.#waiting.clear()
    this.#onIdle()
    this.#listeners.onFailed(cause)
  }

  /** Flushes what waits, refuses new commands, and closes the file. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    // Closing writes to the file, which must not happen after an I/O error. The next start verifies.
    if (this.#fault?.code === "failed") return
    this.#worker.ref()
    const ended = new Promise((resolve) => this.#worker.once("exit", resolve))
    this.#flushOutbox()
    this.#post("close")
    await ended
  }

  #flushOutbox(): void {
    clearImmediate(this.#sending)
    this.#sending = undefined
    const commands = this.#outbox
    this.#outbox = []
    if (commands.length > 0) this.#post(commands)
  }

  #post(message: ToWriter): void {
    try {
      this.#worker.postMessage(message)
    } catch (error) {
      this.fail(error)
    }
  }

  /** Watches for a disk that has stopped answering, while a command waits for it. */
  #restartWatchdog(): void {
    const seen = ++this.#messages
    clearTimeout(this.#watchdog)
    // After the messages that have arrived already: this thread may have been busy instead.
    const check = (): void =>
      void setImmediate(() => this.#messages === seen && this.#waiting.size > 0 && this.#markHung())
    this.#watchdog = setTimeout(check, DISK_TIMEOUT_MS).unref()
  }

  #markHung(): void {
    this.#hung = new UnavailableError("busy", `the disk has not answered for ${DISK_TIMEOUT_MS / 1000} s`)
    // Their commits may or may not reach the disk. A token that is being renewed stays valid until it is replaced.
    const urgent = [...this.#waiting.values()].filter((waiting) => waiting.urgent)
    this.#listeners.onUnconfirmed(urgent.flatMap(({ revocations }) => revocations))
    this.#listeners.onStalled(this.#hung)
  }

  /** Nothing waits any more. */
  #onIdle(): void {
    clearTimeout(this.#watchdog)
    // A closing store still waits for the thread's end.
    if (!this.#closed) this.#worker.unref()
  }

  #onMessage(message: FromWriter): void {
    if (this.#fault?.code === "failed") return
    this.#restartWatchdog()
    if (this.#hung !== undefined) {
      this.#hung = undefined
      this.#listeners.onRecovered()
    }
    switch (message.type) {
      case "answered":
        this.#trailSize = message.trailSize
        if (message.appended.length > 0) this.#listeners.onAppended(message.appended)
        this.#settle(message.answers)
        break
      case "stalled":
        this.#fault = unavailable(message.stall)
        this.#listeners.onStalled(this.#fault)
        break
      case "recovered":
        this.#fault = undefined
        this.#listeners.onRecovered()
        break
      case "failed":
        this.fail(fromFailure(message.failure))
    }
  }

  #settle(answers: readonly Answer[]): void {
    for (const answer of answers) {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if ("result" in answer) waiting?.resolve(answer.result)
      else waiting?.reject(fromFailure(answer.failure))
    }
    if (this.#waiting.size === 0) this.#onIdle()
  }
}

const unavailable = ({ code, message }: Stall): UnavailableError => new UnavailableError(code, message)
