import type { Worker } from "node:worker_threads"
import { UnavailableError } from "@agentwrit/authority/ports"
import type Sqlite from "better-sqlite3"
import { openReadOnly } from "./connection.ts"
import { isDamage } from "./errors.ts"
import { fromFailure } from "./failure.ts"
import type { ReadAnswer, ReadRequest } from "./reader-worker.ts"
import { type Query, Statements } from "./sql.ts"
import { startWorker } from "./worker-thread.ts"

/** Queries that may wait for the thread; one more is refused at once. */
const MAX_WAITING = 256

interface Waiting {
  start?(): void
  resolve(rows: readonly unknown[]): void
  reject(error: unknown): void
}

/**
 * Reads what is committed. Single records are read at once on this thread, because every use case waits for them.
 * Queries that may take long, such as a count over the trail, run on a separate thread, which starts with the first of
 * them.
 */
export class Reader {
  readonly #path: string
  readonly #onDamage: (error: unknown) => void
  readonly #database: Sqlite.Database
  readonly #statements: Statements
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #lastId = 0
  /** Why the thread takes no more queries. */
  #ended: Error | undefined

  /** @param onDamage called when the file cannot be read. It must not be written to either. */
  constructor(path: string, onDamage: (error: unknown) => void) {
    this.#path = path
    this.#onDamage = onDamage
    this.#database = openReadOnly(path)
    this.#statements = new Statements(this.#database)
  }

  /** The first row, read on this thread. */
  get<Row>(query: Query<Row>): Row | undefined {
    return this.#guard(() => this.#statements.get(query))
  }

  /** All rows, read on this thread. */
  all<Row>(query: Query<Row>): readonly Row[] {
    return this.#guard(() => this.#statements.all(query))
  }

  /** All rows, read on the reader's thread. */
  query<Row>(query: Query<Row>): Promise<readonly Row[]> {
    return this.#send({ query })
  }

  /**
   * As {@link query}, but resolves before the rows are there: once no later commit changes them.
   */
  async startQuery<Row>(query: Query<Row>): Promise<{ readonly rows: Promise<readonly Row[]> }> {
    const { promise: started, resolve: start } = Promise.withResolvers<void>()
    const rows = this.#send<Row>({ query, tellsStart: true }, start)
    // A failure before the start is thrown here, a later one where the rows are awaited, if they are.
    await Promise.race([started, rows])
    rows.catch(() => undefined)
    return { rows }
  }

  #send<Row>(
    request: Pick<ReadRequest, "tellsStart"> & { readonly query: Query<Row> },
    start?: () => void,
  ): Promise<readonly Row[]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.reject(new UnavailableError("queue_full", `${MAX_WAITING} queries are waiting already`))
    const id = ++this.#lastId
    this.#worker ??= this.#startThread()
    this.#worker.ref()
    this.#worker.postMessage({ id, ...request } satisfies ReadRequest)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { ...(start && { start }), resolve: (rows) => resolve(rows as readonly Row[]), reject })
    })
  }

  async close(): Promise<void> {
    this.#end(new UnavailableError("closed", "the store is closed"))
    await this.#worker?.terminate()
    this.#database.close()
  }

  #startThread(): Worker {
    const worker = startWorker("reader-worker", { path: this.#path })
    worker.on("message", (answer: ReadAnswer) => {
      const { id } = answer
      const waiting = this.#waiting.get(id)
      if (answer.started) return waiting?.start?.()
      const { rows, failure } = answer
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) worker.unref()
      if (failure === undefined) waiting?.resolve(rows)
      else waiting?.reject(this.#reported(fromFailure(failure)))
    })
    worker.on("error", (error) => this.#end(error))
    worker.on("exit", () => this.#end(new Error("the reader has stopped")))
    return worker
  }

  #guard<Result>(read: () => Result): Result {
    if (!this.#database.open) throw new UnavailableError("closed", "the store is closed")
    try {
      return read()
    } catch (error) {
      throw this.#reported(error)
    }
  }

  #reported(error: unknown): unknown {
    if (!isDamage(error)) return error
    this.#onDamage(error)
    return new UnavailableError("failed", `the database cannot be read: ${String(error)}`, { cause: error })
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
