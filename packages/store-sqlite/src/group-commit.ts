import { ConflictError, UnavailableError } from "@agentwrit/authority/ports"
import type Sqlite from "better-sqlite3"
import type { Ballast } from "./ballast.ts"
import { isContained, passingFault } from "./errors.ts"
import type { FileIdentity } from "./file-identity.ts"
import type { RevocationRow } from "./revocation-rows.ts"
import type { TrailEnd, TrailWriter } from "./trail-writer.ts"

/** How often a store that cannot commit tries again. */
const PROBE_INTERVAL_MS = 1000

/**
 * WAL pages before an automatic checkpoint: SQLite's default, and the number on a full disk. A checkpoint of that many
 * pages fits in the space of the ballast. Four times as many took no revocations on a full disk, and doubled the p99 of
 * a commit.
 */
const WAL_PAGES = 1000
const FULL_DISK_WAL_PAGES = 64

/**
 * Runs inside the open transaction and adds what it appends to the revocation log. May run twice: the first run is then
 * undone.
 */
type Work<Result> = (appended: RevocationRow[]) => Result

interface Job {
  readonly work: Work<unknown>
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  /** May use the disk space that is reserved for revocations. */
  readonly urgent: boolean
}

/** The result of a flush, announced once it is on disk. */
interface Flushed {
  readonly appended: RevocationRow[]
  readonly answers: (() => void)[]
}

export interface GroupCommitOptions {
  readonly database: Sqlite.Database
  readonly trail: TrailWriter
  readonly ballast: Ballast
  readonly files: FileIdentity
  /** Called with the revocation entries of a flush, once they are on disk and before its commits are answered. */
  readonly onAppended: (entries: readonly RevocationRow[]) => void
  /** Called once when the outcome of a commit is unknown: nothing more is committed. */
  readonly onFailed: (cause: unknown) => void
  /** Called when commits begin to fail for a cause that may pass, and when they succeed again. */
  readonly onStalled: (fault: UnavailableError) => void
  readonly onRecovered: () => void
}

/**
 * Group commit: jobs that arrive together share one transaction and one fsync. Nothing is answered before it is on
 * disk. A job that fails is undone alone: the transaction then runs again with a savepoint for each job. The first
 * attempt has none, because SQLite copies every page that changes inside a savepoint.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  readonly #statements
  #jobs: Job[] = []
  #flush: NodeJS.Immediate | undefined
  #probe: NodeJS.Timeout | undefined
  #fault: UnavailableError | undefined
  #closed = false

  constructor(options: GroupCommitOptions) {
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
    if (options.ballast.isWhole) return
    database.pragma(`wal_autocheckpoint = ${FULL_DISK_WAL_PAGES}`)
    this.#stall(
      new UnavailableError(
        "full",
        "the space for revocations cannot be reserved: it needs 4 MiB beside the database, and the disk is full or read-only",
      ),
    )
  }

  /** Set from a failed flush, or a start without space for the ballast, until a flush succeeds. */
  get fault(): UnavailableError | undefined {
    return this.#fault
  }

  /** Does the work in the next transaction; resolves once it is on disk. */
  run<Result>(work: Work<Result>, { urgent = false }: { readonly urgent?: boolean } = {}): Promise<Result> {
    if (this.#fault !== undefined && (this.#fault.code === "failed" || !(urgent || this.#options.ballast.isWhole)))
      return Promise.reject(this.#fault)
    return new Promise<unknown>((resolve, reject) => {
      this.#jobs.push({ work, resolve, reject, urgent })
      this.#flush ??= setImmediate(() => this.#flushJobs())
    }) as Promise<Result>
  }

  /** Flushes the waiting jobs. */
  close(): void {
    this.#closed = true
    clearImmediate(this.#flush)
    clearTimeout(this.#probe)
    this.#flushJobs()
  }

  /** Ends all commits, because the database cannot be trusted. */
  fail(cause: unknown): void {
    if (this.#fault?.code !== "failed") this.#end(this.#jobs.splice(0), cause)
  }

  #flushJobs(): void {
    this.#flush = undefined
    const jobs = this.#jobs.splice(0)
    if (jobs.length === 0) return
    const mark = this.#options.trail.mark()
    const error = this.#attempt(jobs, mark)
    if (error !== undefined) this.#abandon(jobs, error.cause, mark)
  }

  /** Commits and answers the jobs. Answers none when the commit failed, and returns why. */
  #attempt(jobs: readonly Job[], mark: TrailEnd): { readonly cause: unknown } | undefined {
    const { ballast, files, trail, onAppended } = this.#options
    let flushed: Flushed
    try {
      flushed = this.#runTogether(jobs, mark) ?? this.#runApart(jobs)
      trail.sealTables()
      this.#statements.commit.run()
      files.assertUnchanged()
    } catch (cause) {
      return { cause }
    }
    if (ballast.isWhole) this.#recover()
    if (flushed.appended.length > 0) onAppended(flushed.appended)
    for (const answer of flushed.answers) answer()
    return undefined
  }

  /** Runs all jobs in one transaction. When one fails, rolls back and returns `undefined`. */
  #runTogether(jobs: readonly Job[], mark: TrailEnd): Flushed | undefined {
    const flushed: Flushed = { appended: [], answers: [] }
    this.#begin()
    try {
      for (const job of jobs) runJob(job, flushed)
      return flushed
    } catch (error) {
      this.#throwUnlessContained(error)
      this.#statements.rollback.run()
      this.#options.trail.rewind(mark)
      return undefined
    }
  }

  /** Runs all jobs in one transaction, each in a savepoint. */
  #runApart(jobs: readonly Job[]): Flushed {
    const { trail } = this.#options
    const flushed: Flushed = { appended: [], answers: [] }
    this.#begin()
    for (const job of jobs) {
      const mark = trail.mark()
      this.#statements.savepoint.run()
      try {
        runJob(job, flushed)
      } catch (error) {
        this.#throwUnlessContained(error)
        this.#statements.undo.run()
        trail.rewind(mark)
        flushed.answers.push(() => job.reject(error))
      }
      this.#statements.release.run()
    }
    return flushed
  }

  /** Outside of what undoes a single job: when someone else has changed the tables, nothing more is committed. */
  #begin(): void {
    this.#statements.begin.run()
    this.#options.trail.requireOwnTables()
  }

  /** Rethrows an error that concerns the whole transaction and not only the job. */
  #throwUnlessContained(error: unknown): void {
    const contained = error instanceof ConflictError || isContained(error)
    if (!contained || !this.#options.database.inTransaction) throw error
  }

  /**
   * After a failed flush: either everything was undone and the fault may pass, or the outcome is unknown and nothing
   * more is committed.
   */
  #abandon(jobs: readonly Job[], error: unknown, mark: TrailEnd): void {
    const code = passingFault(error)
    if (code === undefined || !this.#rollBack()) {
      this.#end(jobs, error)
      return
    }
    this.#options.trail.rewind(mark)
    const isNew = this.#fault === undefined
    const fault = new UnavailableError(code, `the database cannot commit: ${String(error)}`, { cause: error })
    this.#stall(fault)
    if (isNew) this.#options.onStalled(fault)
    const urgent = code === "full" ? jobs.filter((job) => job.urgent) : []
    for (const job of jobs) if (!urgent.includes(job)) job.reject(fault)
    if (urgent.length > 0) this.#commitInReserve(urgent, fault, mark)
  }

  #stall(fault: UnavailableError): void {
    this.#fault = fault
    this.#probeLater()
  }

  #probeLater(): void {
    this.#probe ??= setTimeout(() => this.#probeFault(), PROBE_INTERVAL_MS).unref()
  }

  /** Commits on a full disk, in the space that the ballast gives up. */
  #commitInReserve(jobs: readonly Job[], fault: UnavailableError, mark: TrailEnd): void {
    try {
      this.#options.ballast.free()
      // Empties the WAL and keeps it small, so that it does not take the reserve.
      this.#options.database.pragma(`wal_autocheckpoint = ${FULL_DISK_WAL_PAGES}`)
      this.#options.database.pragma("wal_checkpoint(TRUNCATE)")
    } catch {
      // The attempt shows whether there is space.
    }
    const error = this.#attempt(jobs, mark)
    if (error === undefined) return
    if (passingFault(error.cause) === undefined || !this.#rollBack()) {
      this.#end(jobs, error.cause)
      return
    }
    this.#options.trail.rewind(mark)
    for (const job of jobs) job.reject(fault)
  }

  #end(jobs: readonly Job[], cause: unknown): void {
    const message = `the database failed and the outcome of a commit is unknown: ${String(cause)}`
    const fault = new UnavailableError("failed", message, { cause })
    this.#fault = fault
    for (const job of [...jobs, ...this.#jobs.splice(0)]) job.reject(fault)
    this.#options.onFailed(cause)
  }

  /** Whether nothing of the transaction remains. */
  #rollBack(): boolean {
    try {
      if (this.#options.database.inTransaction) this.#statements.rollback.run()
      return true
    } catch {
      return false
    }
  }

  #recover(): void {
    if (this.#fault === undefined) return
    this.#fault = undefined
    this.#options.database.pragma(`wal_autocheckpoint = ${WAL_PAGES}`)
    this.#options.onRecovered()
  }

  #probeFault(): void {
    this.#probe = undefined
    if (this.#closed || this.#fault === undefined || this.#fault.code === "failed") return
    const { ballast, database } = this.#options
    if (!ballast.restore()) {
      this.#probeLater()
      return
    }
    // Writes one page, so that it fails as a commit would.
    this.run(() => database.pragma(`user_version = ${database.pragma("user_version", { simple: true })}`)).catch(
      () => undefined,
    )
  }
}

function runJob(job: Job, flushed: Flushed): void {
  const appended: RevocationRow[] = []
  const result = job.work(appended)
  flushed.appended.push(...appended)
  flushed.answers.push(() => job.resolve(result))
}
