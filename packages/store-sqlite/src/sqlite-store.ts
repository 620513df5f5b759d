import {
  type Agent,
  type AgentPage,
  type AgentQuery,
  type App,
  type Change,
  type Clock,
  type Committed,
  type EventPage,
  type EventQuery,
  type KeptCheckpoint,
  type LaunchToken,
  type ListedRevocation,
  type Revocation,
  type RevocationPage,
  type RevokedDigest,
  type Store,
  type StoreHealth,
  systemClock,
  type TreeHead,
  UnavailableError,
} from "@agentwrit/authority"
import { Kysely } from "kysely"
import { countActiveAgents, queryAgents } from "./agent-query.ts"
import { Ballast } from "./ballast.ts"
import { CommitQueue } from "./commit-queue.ts"
import { type Connection, makeDurable, openConnection } from "./connection.ts"
import { isDamage, openingFailure } from "./errors.ts"
import { queryEvents } from "./event-query.ts"
import { FilePlace } from "./file-place.ts"
import { migrate, OneTransactionDialect } from "./migrate.ts"
import { preparedPruning } from "./pruning.ts"
import { Reader } from "./reader.ts"
import { preparedReads } from "./record-reads.ts"
import { queryRevocations, revokedDigests } from "./revocation-query.ts"
import { toApp, toCheckpoint } from "./rows.ts"
import type { Schema } from "./schema.ts"
import { preparing } from "./statements.ts"
import { type LoadedTrail, loadTrail } from "./trail-state.ts"
import { verifyTrail } from "./trail-verification.ts"
import { TrailWriter } from "./trail-writer.ts"
import { preparedWrites } from "./writes.ts"

/** What a {@link SqliteStore} is opened with. */
export interface SqliteStoreOptions {
  /** The database file; made when it does not exist, its folder is not. */
  readonly path: string
  /** Stamps the events; default: the machine's. */
  readonly clock?: Clock
  /** Told once when an I/O error left a commit's outcome unknown: the process should end, and the next start verifies. */
  readonly onFailure?: (cause: unknown) => void
  /** Told when commits begin to fail for a cause that may pass, such as a full disk. */
  readonly onStalled?: (fault: UnavailableError) => void
  /** Told when they work again. */
  readonly onRecovered?: () => void
}

/** What opening a file yields. */
interface Opened {
  readonly connection: Connection
  readonly db: Kysely<Schema>
  readonly ballast: Ballast
  readonly trail: LoadedTrail
}

/** The part of one core that verifying the whole trail in the background may take. */
const VERIFICATION_SHARE = 0.15

/** AgentWrit's state in one SQLite file (WAL, `synchronous=FULL`), for one broker at a time. */
export class SqliteStore implements Store {
  readonly #connection: Connection
  readonly #db: Kysely<Schema>
  readonly #reader: Reader
  readonly #trail: TrailWriter
  readonly #path: string
  readonly #problem: string | undefined
  readonly #verified: boolean
  readonly #queue: CommitQueue
  readonly #clock: Clock
  readonly #listeners: ((revocation: Revocation) => void)[] = []
  readonly #listedListeners: ((entries: readonly ListedRevocation[]) => void)[] = []
  #closed = false
  readonly #applyWrite
  readonly #records
  readonly #pruning

  /**
   * Opens the file, brings its schema up to date and verifies the trail since its last checkpoint.
   * @throws DatabaseError when the file cannot be used; the message says what to do.
   */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const connection = openConnection(options.path)
    try {
      const db = new Kysely<Schema>({ dialect: new OneTransactionDialect({ database: connection.database }) })
      await migrate(db, options.path)
      const ballast = new Ballast(options.path)
      makeDurable(connection.database, options.path, ballast)
      ballast.restore()
      return new SqliteStore(options, { connection, db, ballast, trail: await loadTrail(db) })
    } catch (error) {
      connection.close()
      throw openingFailure(error, options.path)
    }
  }

  private constructor(options: SqliteStoreOptions, { connection, db, ballast, trail }: Opened) {
    this.#connection = connection
    this.#db = db
    this.#clock = options.clock ?? systemClock
    this.#path = options.path
    this.#problem = trail.problem
    this.#verified = trail.verified
    const prepare = preparing(connection.database, db)
    this.#applyWrite = preparedWrites(prepare)
    this.#records = preparedReads(prepare)
    this.#pruning = preparedPruning(prepare)
    this.#trail = new TrailWriter(prepare, trail.state, trail.newest)
    this.#queue = new CommitQueue({
      database: connection.database,
      trail: this.#trail,
      ballast,
      place: new FilePlace(options.path),
      revoked: (revocation) => {
        for (const listener of this.#listeners) listener(revocation)
      },
      listed: (entries) => {
        for (const listener of this.#listedListeners) listener(entries)
      },
      failed: (cause) => options.onFailure?.(cause),
      stalled: (fault) => options.onStalled?.(fault),
      recovered: () => options.onRecovered?.(),
    })
    this.#reader = new Reader(options.path, (error) => this.#queue.fail(error))
  }

  async apps(): Promise<readonly App[]> {
    const rows = this.#db.selectFrom("apps").selectAll().orderBy("seq", "desc").execute()
    return (await rows.catch(this.#unreadable)).map(toApp)
  }

  async app(appId: string): Promise<App | undefined> {
    return this.#read(() => this.#records.app({ appId }))
  }

  async appByClientId(clientId: string): Promise<App | undefined> {
    return this.#read(() => this.#records.appByClientId({ clientId }))
  }

  async launchToken(hash: string): Promise<LaunchToken | undefined> {
    return this.#read(() => this.#records.launchToken({ hash: Buffer.from(hash, "hex") }))
  }

  async agent(agentId: string): Promise<Agent | undefined> {
    return this.#read(() => this.#records.agent({ agentId }))
  }

  agents(query: AgentQuery, now: number): Promise<AgentPage> {
    return queryAgents(this.#db, this.#reader, query, now)
  }

  async agentsRunOut(now: number, limit: number): Promise<readonly Agent[]> {
    return this.#read(() => this.#records.agentsRunOut({ now, limit }))
  }

  pruneRevocations(now: number, limit: number): Promise<number> {
    return this.#queue.commit(() => this.#pruning.revocations(now, limit))
  }

  pruneNonces(expiredBefore: number, limit: number): Promise<number> {
    return this.#queue.commit(() => this.#pruning.nonces(expiredBefore, limit))
  }

  pruneLaunchTokens(expiredBefore: number, limit: number): Promise<number> {
    return this.#queue.commit(() => this.#pruning.launchTokens(expiredBefore, limit))
  }

  pruneDelegatedTokens(expiredBefore: number, limit: number): Promise<number> {
    return this.#queue.commit(() => this.#pruning.delegatedTokens(expiredBefore, limit))
  }

  activeAgents(now: number): Promise<number> {
    return countActiveAgents(this.#db, this.#reader, now)
  }

  events(query: EventQuery): Promise<EventPage> {
    return queryEvents(this.#db, this.#reader, query)
  }

  async tokenEnd(jti: string): Promise<number | undefined> {
    return this.#read(() => this.#records.tokenEnd({ jti }))
  }

  async revocationCount(): Promise<number> {
    const { count } = await this.#db
      .selectFrom("revocations")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow()
      .catch(this.#unreadable)
    return count
  }

  async *revocations(): AsyncIterable<readonly RevokedDigest[]> {
    try {
      yield* revokedDigests(this.#connection.database)
    } catch (error) {
      this.#unreadable(error)
    }
  }

  revocationsAfter(after: number, limit: number, at: number): Promise<RevocationPage> {
    return queryRevocations(this.#db, this.#reader, { after, limit, at })
  }

  commit({ writes, events }: Change): Promise<Committed> {
    return this.#queue.commit(
      (listed) => {
        for (const write of writes) {
          const entry = this.#applyWrite(write)
          if (entry !== undefined) listed.push(entry)
        }
        return { events: this.#trail.append(events, this.#clock.now()) }
      },
      {
        revocations: writes.flatMap((write) => (write.type === "revoke" ? [write.revocation] : [])),
        urgent: takesRightsOnly(writes),
      },
    )
  }

  #read<Result>(query: () => Result): Result {
    try {
      return query()
    } catch (error) {
      return this.#unreadable(error)
    }
  }

  /** A file that cannot be read must not be written to either: it ends as after a failed commit. */
  readonly #unreadable = (error: unknown): never => {
    if (!isDamage(error)) throw error
    this.#queue.fail(error)
    throw new UnavailableError("failed", `the database cannot be read: ${String(error)}`, { cause: error })
  }

  seal(sign: (head: TreeHead) => string): Promise<KeptCheckpoint> {
    return this.#queue.commit(() => this.#trail.seal(sign))
  }

  forgetCheckpoints(size: number): Promise<void> {
    return this.#queue.commit(() => this.#trail.forgetCheckpoints(size))
  }

  async checkpoint(size?: number): Promise<KeptCheckpoint | undefined> {
    const newestFirst = this.#db.selectFrom("checkpoints").selectAll().orderBy("size", "desc").limit(1)
    const query = size === undefined ? newestFirst : newestFirst.where("size", "=", size)
    const row = await query.executeTakeFirst().catch(this.#unreadable)
    return row && toCheckpoint(row)
  }

  verifyTrail(
    signal: AbortSignal,
    { atOnce = false }: { readonly atOnce?: boolean } = {},
  ): Promise<string | undefined> {
    return verifyTrail({ path: this.#path, share: atOnce ? 1 : VERIFICATION_SHARE }, signal)
  }

  health(): StoreHealth {
    return {
      writable: this.#queue.fault === undefined,
      trailSize: this.#trail.size,
      trailVerified: this.#verified,
      ...(this.#problem !== undefined && { trailProblem: this.#problem }),
    }
  }

  onRevocation(listener: (revocation: Revocation) => void): void {
    this.#listeners.push(listener)
  }

  onListed(listener: (entries: readonly ListedRevocation[]) => void): void {
    this.#listedListeners.push(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#queue.close()
    await this.#reader.close()
    // After an I/O error closing would write to the file again; the process ends, and the next start verifies.
    if (this.#queue.fault?.code !== "failed") this.#connection.close()
  }
}

/** Whether a change only takes rights away: a renewal revokes too, and gives. */
const takesRightsOnly = (writes: Change["writes"]): boolean =>
  writes.some(({ type }) => type === "revoke") && !writes.some(({ type }) => type === "replace_token")
