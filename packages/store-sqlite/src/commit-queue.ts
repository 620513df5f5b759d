import { ConflictError, type ListedRevocation, UnavailableError } from "@agentwrit/authority"
import type Sqlite from "better-sqlite3"
import type { Ballast } from "./ballast.ts"
import { isContained, passingFault } from "./errors.ts"
import type { FilePlace } from "./file-place.ts"
import type { TrailWriter } from "./trail-writer.ts"

/** Milliseconds between attempts to find out whether a passing fault has passed. */
const PROBE_INTERVAL = 1000

/**
 * Pages after which the WAL is checkpointed: SQLite's own default, and on a full disk. To fold so many into the file takes no more room
 * than the ballast gives back; with four times as many a full disk took no revocations, and the p99 of a commit doubled.
 */
const WAL_PAGES = 1000
const RESERVE_WAL_PAGES = 64

/** Does the job's writes and adds what it listed as revoked. */
type Run<Result> = (listed: ListedRevocation[]) => Result

interface Job {
  /** Runs inside the open transaction; a second time, from where it began, when the first was undone because of another job. */
  readonly run: Run<unknown>
  /** Told once the transaction is on disk. */
  readonly done: (result: unknown) => void
  readonly fail: (error: unknown) => void
  /** May use the room that is kept back on a full disk. */
  readonly urgent: boolean
}

/** What a job is, beside what it does. */
export interface JobTraits {
  /** Whether it may use the room that is kept back on a full disk: it takes rights away, and gives none. */
  readonly urgent?: boolean
}

/** What the jobs of one flush listed as revoked, and their answers, which wait until it is on disk. */
interface Flushed {
  readonly listed: ListedRevocation[]
  readonly answers: (() => void)[]
}

const nothingFlushed = (): Flushed => ({ listed: [], answers: [] })

function runJob(job: Job, flushed: Flushed): void {
  const listed: ListedRevocation[] = []
  const result = job.run(listed)
  flushed.listed.push(...listed)
  flushed.answers.push(() => job.done(result))
}

/** What the queue works with. */
export interface CommitQueueOptions {
  readonly database: Sqlite.Database
  readonly trail: TrailWriter
  readonly ballast: Ballast
  readonly place: FilePlace
  /** Told of what a flush listed anew, once it is on disk. */
  readonly listed: (entries: readonly ListedRevocation[]) => void
  /** Told once when the outcome of a commit is unknown: nothing more will be committed. */
  readonly failed: (cause: unknown) => void
  /** Told when commits begin to fail for a cause that may pass, and when they work again. */
  readonly stalled: (fault: UnavailableError) => void
  readonly recovered: () => void
}

/**
 * Group commit: what arrives while the event loop is busy shares one transaction and one fsync. A job that fails is undone alone:
 * the transaction is begun anew, and then each job has a savepoint, for which SQLite keeps a copy of every page that the job
 * changes. Few flushes hold one that fails, so that the others are spared the copies. Nothing is answered before its commit is
 * on disk.
 */
export class CommitQueue {
  #jobs: Job[] = []
  #flush: NodeJS.Immediate | undefined
  #probe: NodeJS.Timeout | undefined
  #fault: UnavailableError | undefined
  #closed = false
  readonly #options: CommitQueueOptions
  readonly #statements

  constructor(options: CommitQueueOptions) {
    this.#options = options
    const { database } = options
    this.#statements = {
      begin: database.prepare("BEGIN IMMEDIATE"),
      commit: database.prepare("COMMIT"),
      rollback: database.prepare("ROLLBACK"),
      savepoint: database.prepare("SAVEPOINT job"),
      release: database.prepare("RELEASE job"),
      undo: database.prepare("ROLLBACK TO job"),
    }
    // On a disk that is full at the start: what room there is is for revocations, until more is made.
    if (options.ballast.isWhole) return
    database.pragma(`wal_autocheckpoint = ${RESERVE_WAL_PAGES}`)
    this.#stall(
      new UnavailableError(
        "full",
        "the room for revocations cannot be kept back: 4 MiB beside the database, on a disk that is full or may not be written",
      ),
    )
  }

  /** Set from a flush that failed, or a start without room for revocations, until a flush succeeds. */
  get fault(): UnavailableError | undefined {
    return this.#fault
  }

  /** Runs `run` in the next transaction and answers its result once that is on disk. */
  commit<Result>(run: Run<Result>, { urgent = false }: JobTraits = {}): Promise<Result> {
    if (this.#fault !== undefined && (this.#fault.code === "failed" || !(urgent || this.#options.ballast.isWhole)))
      return Promise.reject(this.#fault)
    return new Promise<unknown>((done, fail) => {
      this.#jobs.push({ run, done, fail, urgent })
      this.#flush ??= setImmediate(() => this.#flushJobs())
    }) as Promise<Result>
  }

  /** Flushes what waits. */
  close(): void {
    this.#closed = true
    clearImmediate(this.#flush)
    clearTimeout(this.#probe)
    this.#flushJobs()
  }

  /** Ends all commits: what was read or written is not to be trusted. */
  fail(error: unknown): void {
    if (this.#fault?.code !== "failed") this.#end(this.#jobs.splice(0), error)
  }

  #flushJobs(): void {
    this.#flush = undefined
    const jobs = this.#jobs.splice(0)
    if (jobs.length === 0) return
    const error = this.#attempt(jobs)
    if (error !== undefined) this.#abandon(jobs, error.cause)
  }

  /** Commits the jobs together and answers them; or answers none and tells what kept it from that. */
  #attempt(jobs: readonly Job[]): { readonly cause: unknown } | undefined {
    let flushed: Flushed
    try {
      flushed = this.#runTogether(jobs) ?? this.#runApart(jobs)
      this.#statements.commit.run()
      this.#options.place.assertUnmoved()
    } catch (cause) {
      return { cause }
    }
    if (this.#options.ballast.isWhole) this.#recover()
    this.#options.trail.settle()
    if (flushed.listed.length > 0) this.#options.listed(flushed.listed)
    for (const answer of flushed.answers) answer()
    return undefined
  }

  #recover(): void {
    if (this.#fault === undefined) return
    this.#fault = undefined
    this.#options.database.pragma(`wal_autocheckpoint = ${WAL_PAGES}`)
    this.#options.recovered()
  }

  /** Runs all jobs in a transaction, or undoes it and answers `undefined` when one of them fails. */
  #runTogether(jobs: readonly Job[]): Flushed | undefined {
    const flushed = nothingFlushed()
    this.#statements.begin.run()
    try {
      for (const job of jobs) runJob(job, flushed)
      return flushed
    } catch (error) {
      this.#throwUnlessContained(error)
      this.#statements.rollback.run()
      this.#options.trail.rewind()
      return undefined
    }
  }

  /** Runs all jobs in a transaction, each in a savepoint, so that one that fails is undone alone. */
  #runApart(jobs: readonly Job[]): Flushed {
    const { trail } = this.#options
    const flushed = nothingFlushed()
    this.#statements.begin.run()
    for (const job of jobs) {
      const mark = trail.mark()
      this.#statements.savepoint.run()
      try {
        runJob(job, flushed)
      } catch (error) {
        this.#throwUnlessContained(error)
        this.#statements.undo.run()
        trail.rewind(mark)
        flushed.answers.push(() => job.fail(error))
      }
      this.#statements.release.run()
    }
    return flushed
  }

  /** A fault that is more than this job's own concerns the whole transaction. */
  #throwUnlessContained(error: unknown): void {
    const contained = error instanceof ConflictError || isContained(error)
    if (!contained || !this.#options.database.inTransaction) throw error
  }

  /** No answer of this flush was given. Either all of it is known to be undone, or its outcome is unknown and this is the end. */
  #abandon(jobs: readonly Job[], error: unknown): void {
    const passing = passingFault(error)
    if (passing === undefined || !this.#rolledBack()) {
      this.#end(jobs, error)
      return
    }
    this.#options.trail.rewind()
    const isNew = this.#fault === undefined
    const fault = new UnavailableError(passing, `the database cannot commit: ${String(error)}`, { cause: error })
    this.#stall(fault)
    if (isNew) this.#options.stalled(fault)
    const urgent = passing === "full" ? jobs.filter((job) => job.urgent) : []
    for (const job of jobs) if (!urgent.includes(job)) job.fail(fault)
    if (urgent.length > 0) this.#commitFromReserve(urgent, fault)
  }

  #stall(fault: UnavailableError): void {
    this.#fault = fault
    this.#probe ??= setTimeout(() => this.#probeFault(), PROBE_INTERVAL).unref()
  }

  /** On a full disk, in the room that was kept back for it. */
  #commitFromReserve(jobs: readonly Job[], fault: UnavailableError): void {
    try {
      this.#options.ballast.free()
      // The WAL gives back what it holds, and must not take the reserve from the records.
      this.#options.database.pragma(`wal_autocheckpoint = ${RESERVE_WAL_PAGES}`)
      this.#options.database.pragma("wal_checkpoint(TRUNCATE)")
    } catch {
      // The attempt itself tells whether there is room.
    }
    const error = this.#attempt(jobs)
    if (error === undefined) return
    if (passingFault(error.cause) === undefined || !this.#rolledBack()) {
      this.#end(jobs, error.cause)
      return
    }
    this.#options.trail.rewind()
    for (const job of jobs) job.fail(fault)
  }

  #end(jobs: readonly Job[], error: unknown): void {
    const message = `the database failed and the outcome of a commit is unknown: ${String(error)}`
    const fault = new UnavailableError("failed", message, { cause: error })
    this.#fault = fault
    for (const job of [...jobs, ...this.#jobs.splice(0)]) job.fail(fault)
    this.#options.failed(error)
  }

  #rolledBack(): boolean {
    try {
      if (this.#options.database.inTransaction) this.#statements.rollback.run()
      return true
    } catch {
      return false
    }
  }

  #probeFault(): void {
    this.#probe = undefined
    if (this.#closed || this.#fault === undefined || this.#fault.code === "failed") return
    const { ballast, database } = this.#options
    if (!ballast.isWhole && !ballast.restore()) {
      this.#probe = setTimeout(() => this.#probeFault(), PROBE_INTERVAL).unref()
      return
    }
    // Writes one page, so that it fails as a commit would.
    this.commit(() => database.pragma(`user_version = ${database.pragma("user_version", { simple: true })}`)).catch(
      () => undefined,
    )
  }
}
