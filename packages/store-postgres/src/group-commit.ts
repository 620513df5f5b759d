import { setTimeout as delay, setImmediate as turn } from "node:timers/promises"
import { GENESIS_HASH, RightEdge } from "@agentwrit/audit"
import { ConflictError, UnavailableError } from "@agentwrit/authority/ports"
import type { Step } from "./commit.ts"
import { type Connection, connect, requireDurable, type Session } from "./database.ts"
import { codeOf, isContained, isFromServer, isRetryable, unavailable } from "./errors.ts"
import { hex } from "./hex.ts"
import { sql } from "./sql.ts"
import { insertEvents, type NewEvent, type TrailEnd } from "./trail-rows.ts"

/** Jobs that may wait; one more is refused at once. */
const MAX_WAITING = 4096

/** Further places for jobs that only revoke: others must not crowd them out. */
const MAX_WAITING_REVOCATIONS = 256

/** Jobs of one transaction. All brokers wait while one holds the head row. */
const MAX_BATCH = 512

/** How often a transaction that PostgreSQL undid is tried again: the head row leaves few reasons for it. */
const MAX_ATTEMPTS = 5

/** How often a store that cannot commit tries again. */
const PROBE_INTERVAL_MS = 1000

/** For how long, and how often, the outcome of a commit is asked for after its connection was lost. */
const OUTCOME_TIMEOUT_MS = 10_000
const OUTCOME_INTERVAL_MS = 50

/** The statements of a job, which run at a given end of the trail. */
export interface Plan<Result> {
  readonly steps: readonly Step[]
  readonly events: readonly NewEvent[]
  /** The end of the trail after it. */
  readonly end: TrailEnd
  /** @param rows the rows that each step answered. */
  result(rows: readonly (readonly unknown[])[]): Result
}

interface Job {
  plan(end: TrailEnd): Plan<unknown>
  readonly announces: boolean
  readonly onUnconfirmed: () => void
  resolve(result: { readonly result: unknown; readonly position: Position }): void
  reject(error: unknown): void
}

/** How far the list of revocations and the key ring went with a commit. */
export interface Position {
  readonly revocations: number
  readonly keyRings: number
}

interface HeadRow {
  readonly size: number
  readonly hash: Uint8Array
  readonly edge: Uint8Array
  readonly sealed: number
  readonly xid: string
}

/** What the jobs of a batch did. */
interface Done {
  readonly answers: readonly (
    | { readonly job: Job; readonly result: unknown }
    | { readonly job: Job; readonly error: unknown }
  )[]
  readonly end: TrailEnd
  readonly position: Position
}

export interface GroupCommitOptions {
  readonly url: string
  /** Asks for the outcome of a commit when its connection was lost. */
  readonly session: Session
  /** Called when commits begin to fail for a cause that may pass, and when they succeed again. */
  readonly onStalled: (fault: UnavailableError) => void
  readonly onRecovered: () => void
  /** Wakes the brokers that follow the list of revocations. */
  readonly channel: string
}

/**
 * Group commit: jobs that arrive while another transaction runs, here or at another broker, share the next one. Each
 * transaction locks the head row, so that all brokers append to one chain. Its statements are sent together, and a job
 * that fails is undone alone: the transaction then runs again from its start with a savepoint for each job.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions
  readonly #jobs: Job[] = []
  #connection: Connection | undefined
  #running: Promise<void> | undefined
  #fault: UnavailableError | undefined
  #probe: NodeJS.Timeout | undefined
  #closed = false
  /** Number of events at the last commit. */
  trailSize = 0

  constructor(options: GroupCommitOptions) {
    this.#options = options
  }

  /** Set from a failed transaction until one succeeds. */
  get fault(): UnavailableError | undefined {
    return this.#closed ? new UnavailableError("closed", "the store is closed") : this.#fault
  }

  /**
   * Runs the plan in the next transaction; resolves once it is on disk.
   * @param traits `urgent`: it only revokes. `announces`: it revokes or changes the key ring. `onUnconfirmed` is called
   * when nobody can tell whether it was committed.
   */
  run<Result>(
    plan: (end: TrailEnd) => Plan<Result>,
    traits: { readonly urgent?: boolean; readonly announces?: boolean; readonly onUnconfirmed?: () => void } = {},
  ): Promise<{ readonly result: Result; readonly position: Position }> {
    const { urgent = false, announces = false, onUnconfirmed = () => undefined } = traits
    if (this.#closed) return Promise.reject(new UnavailableError("closed", "the store is closed"))
    if (this.#jobs.length >= MAX_WAITING + (urgent ? MAX_WAITING_REVOCATIONS : 0))
      return Promise.reject(new UnavailableError("queue_full", `${MAX_WAITING} changes are waiting already`))
    return new Promise((resolve, reject) => {
      // A job answers with what its own plan makes.
      const settle: Job["resolve"] = ({ result, position }) => resolve({ result: result as Result, position })
      this.#jobs.push({ plan, announces, onUnconfirmed, resolve: settle, reject })
      this.#running ??= this.#work()
    })
  }

  /** Commits what waits. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#probe)
    await this.#running
    await this.#connection?.close()
  }

  async #work(): Promise<void> {
    // Jobs of the same turn of the event loop share a transaction.
    await turn()
    while (this.#jobs.length > 0) {
      const taken: Job[] = []
      try {
        await this.#transact(taken)
        if (this.#fault !== undefined) this.#options.onRecovered()
        this.#fault = undefined
      } catch (error) {
        const fault = unavailable(error)
        const isNew = this.#fault === undefined
        this.#fault = fault
        // Those that came meanwhile would wait as long again.
        for (const job of taken.length > 0 ? taken : this.#jobs.splice(0)) job.reject(fault)
        if (isNew) this.#options.onStalled(fault)
        this.#probe ??= setTimeout(() => this.#probeFault(), PROBE_INTERVAL_MS).unref()
      }
    }
    this.#running = undefined
  }

  async #transact(taken: Job[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const connection = await this.#connect()
      let xid: string | undefined
      let isCommitting = false
      let done: Done | undefined
      try {
        const head = await this.#lock(connection)
        xid = head.xid
        if (taken.length === 0) taken.push(...this.#jobs.splice(0, MAX_BATCH))
        const end = endOf(head)
        done = (await this.#runTogether(connection, taken, end)) ?? (await this.#runApart(connection, taken, end))
        isCommitting = true
        await connection.command("commit")
      } catch (error) {
        const isUndone = isFromServer(error) && (await rollBack(connection))
        if (!isUndone) this.#drop(connection)
        if (isUndone && isRetryable(error) && attempt < MAX_ATTEMPTS) continue
        if (!isCommitting || isUndone || xid === undefined || done === undefined) throw error
        // The server may have committed, and only its answer was lost.
        if (!(await this.#wasCommitted(xid, taken))) throw error
      }
      if (done !== undefined) this.#answer(done)
      return
    }
  }

  #answer({ answers, end, position }: Done): void {
    this.trailSize = end.sequence
    for (const answer of answers)
      if ("error" in answer) answer.job.reject(answer.error)
      else answer.job.resolve({ result: answer.result, position })
  }

  async #lock(connection: Connection): Promise<HeadRow> {
    const began = connection.command("begin")
    // A broker that stops in the middle must not hold the others up.
    const locking = connection.get(sql<HeadRow>`
      select size, hash, edge, pg_current_xact_id()::text as xid,
        set_config('idle_in_transaction_session_timeout', '1000', true)
      from head for update`)
    // A statement of its own, so that it sees what was committed until the lock was granted.
    const sealing = connection.get(sql<{ size: number | null }>`select max(size) as size from checkpoints`)
    const [, head, newest] = await Promise.all([began, locking, sealing])
    if (head === undefined) throw new Error("the table head is empty: someone changed the database")
    return { ...head, sealed: newest?.size ?? 0 }
  }

  /** Runs all jobs. When one fails, undoes all and returns `undefined`. */
  async #runTogether(connection: Connection, jobs: readonly Job[], start: TrailEnd): Promise<Done | undefined> {
    const plans: Plan<unknown>[] = []
    try {
      let end = start
      for (const job of jobs) {
        const plan = job.plan(copy(end))
        plans.push(plan)
        end = plan.end
      }
    } catch {
      return undefined
    }
    const savepoint = connection.command("savepoint batch")
    savepoint.catch(() => undefined)
    const storing = store(
      connection,
      plans.flatMap(({ events }) => events),
    )
    const sending = Promise.all(plans.map((plan) => send(connection, plan)))
    const end = plans.at(-1)?.end ?? start
    const moving = this.#moveHead(connection, end, jobs)
    moving.catch(() => undefined)
    const outcomes = await sending
    await savepoint
    const stored = await storing
    if (stored.error !== undefined) {
      if (!isContained(stored.error)) throw stored.error
      await connection.command("rollback to batch")
      return undefined
    }
    const answers: { job: Job; result: unknown }[] = []
    for (const [at, outcome] of outcomes.entries()) {
      const job = jobs[at]
      if (job === undefined) continue
      if ("error" in outcome) {
        if (!isContained(outcome.error) && !(outcome.error instanceof ConflictError)) throw outcome.error
        await connection.command("rollback to batch")
        return undefined
      }
      answers.push({ job, result: outcome.result })
    }
    return { answers, end, position: await moving }
  }

  /** Runs each job in a savepoint. */
  async #runApart(connection: Connection, jobs: readonly Job[], start: TrailEnd): Promise<Done> {
    const answers: Done["answers"][number][] = []
    let end = start
    for (const job of jobs) {
      const savepoint = connection.command("savepoint job")
      savepoint.catch(() => undefined)
      const outcome = await this.#runAlone(connection, job, end)
      await savepoint
      if ("error" in outcome) {
        await connection.command("rollback to job")
        answers.push({ job, error: outcome.error })
      } else {
        end = outcome.end
        answers.push({ job, result: outcome.result })
      }
    }
    const done = answers.flatMap((answer) => ("result" in answer ? [answer.job] : []))
    return { answers, end, position: await this.#moveHead(connection, end, done) }
  }

  async #runAlone(connection: Connection, job: Job, end: TrailEnd) {
    let plan: Plan<unknown>
    try {
      plan = job.plan(copy(end))
    } catch (error) {
      return { error }
    }
    const storing = store(connection, plan.events)
    const answer = await send(connection, plan)
    const stored = await storing
    const outcome = stored.error === undefined ? answer : stored
    if ("result" in outcome) return { ...outcome, end: plan.end }
    if (isContained(outcome.error) || outcome.error instanceof ConflictError) return outcome
    throw outcome.error
  }

  async #moveHead(connection: Connection, end: TrailEnd, jobs: readonly Job[]): Promise<Position> {
    const moved = connection.get(sql<Position>`
      update head set size = ${end.sequence}, hash = ${Buffer.from(end.prevHash, "hex")}, edge = ${end.edge.toBytes()}
      returning revocations, key_rings as "keyRings"`)
    // A notification takes a lock of the whole database at the commit.
    const announces = jobs.some((job) => job.announces)
    const notified = announces ? connection.run(sql`select pg_notify(${this.#options.channel}, '')`) : undefined
    const [position] = await Promise.all([moved, notified])
    if (position === undefined) throw new Error("the table head is empty: someone changed the database")
    return position
  }

  /** Asks the server whether a transaction was committed, over other connections. */
  async #wasCommitted(xid: string, jobs: readonly Job[]): Promise<boolean> {
    for (const began = performance.now(); performance.now() - began < OUTCOME_TIMEOUT_MS; ) {
      try {
        const found = await this.#options.session.get(sql<{ status: string | null }>`
          select pg_xact_status(${xid}::xid8) as status`)
        if (found?.status === "committed") return true
        if (found?.status === "aborted") return false
        if (found?.status !== "in progress") break
      } catch (error) {
        // The server does not know the number: it is another one, or an older copy.
        if (isFromServer(error) && codeOf(error)?.startsWith("22")) break
      }
      await delay(OUTCOME_INTERVAL_MS)
    }
    // A revocation that may hold must hold.
    for (const { onUnconfirmed } of jobs) onUnconfirmed()
    throw new UnavailableError(
      "busy",
      "the connection to the database was lost, and it does not say whether it committed",
    )
  }

  /** Commits nothing. Without it nobody would send a change to a broker that says it cannot commit. */
  #probeFault(): void {
    this.#probe = undefined
    if (this.#fault === undefined || this.#closed) return
    this.run((end) => ({ steps: [], events: [], end, result: () => undefined })).catch(() => undefined)
  }

  async #connect(): Promise<Connection> {
    if (this.#connection !== undefined && !this.#connection.isLost) return this.#connection
    const connection = await connect(this.#options.url)
    try {
      await requireDurable(connection)
    } catch (error) {
      await connection.close()
      throw error
    }
    this.#connection = connection
    return connection
  }

  #drop(connection: Connection): void {
    this.#connection = undefined
    void connection.close()
  }
}

const copy = (end: TrailEnd): TrailEnd => ({ ...end, edge: end.edge.copy() })

const endOf = ({ size, hash, edge, sealed }: HeadRow): TrailEnd => ({
  sequence: size,
  prevHash: size === 0 ? GENESIS_HASH : hex(hash),
  edge: RightEdge.fromBytes(edge),
  sealed,
})

async function rollBack(connection: Connection): Promise<boolean> {
  try {
    await connection.command("rollback")
    return true
  } catch {
    return false
  }
}

/** Stores events, and answers why that failed, if it did. */
async function store(connection: Connection, events: readonly NewEvent[]): Promise<{ readonly error: unknown }> {
  if (events.length === 0) return { error: undefined }
  try {
    await connection.run(insertEvents(events))
    return { error: undefined }
  } catch (error) {
    return { error }
  }
}

/** Sends all statements of a plan, and then looks at their answers. */
async function send(
  connection: Connection,
  { steps, result }: Plan<unknown>,
): Promise<{ readonly result: unknown } | { readonly error: unknown }> {
  const answers = await Promise.allSettled(steps.map(({ query }) => connection.query(query)))
  const rows: (readonly unknown[])[] = []
  for (const [at, answer] of answers.entries()) {
    if (answer.status === "rejected") return { error: answer.reason }
    const conflict = steps[at]?.conflict
    if (conflict !== undefined && answer.value.count === 0) return { error: new ConflictError(conflict) }
    rows.push(answer.value.rows)
  }
  return { result: result(rows) }
}
