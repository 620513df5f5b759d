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
} from "@agentwrit/authority"
import { Kysely, type Selectable } from "kysely"
import { countActiveAgents, queryAgents } from "./agent-query.ts"
import { CommitQueue } from "./commit-queue.ts"
import { type Connection, makeDurable, openConnection } from "./connection.ts"
import { damagedDatabase, sqliteCode } from "./errors.ts"
import { queryEvents } from "./event-query.ts"
import { migrate, OneTransactionDialect } from "./migrate.ts"
import { preparedPruning } from "./pruning.ts"
import { Reader } from "./reader.ts"
import { queryRevocations, revokedDigests } from "./revocation-query.ts"
import { toAgent, toApp, toCheckpoint, toLaunchToken } from "./rows.ts"
import type { AgentsTable, AppsTable, DelegatedTokensTable, LaunchTokensTable, Schema } from "./schema.ts"
import { parameter, preparing } from "./statements.ts"
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
  readonly #app
  readonly #appByClientId
  readonly #launchToken
  readonly #agent
  readonly #tokenEnd
  readonly #agentsRunOut
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
      makeDurable(connection.database, options.path)
      return new SqliteStore(options, connection, db, await loadTrail(db))
    } catch (error) {
      connection.close()
      throw sqliteCode(error) === "SQLITE_CORRUPT" ? damagedDatabase(options.path, error) : error
    }
  }

  private constructor(options: SqliteStoreOptions, connection: Connection, db: Kysely<Schema>, trail: LoadedTrail) {
    this.#connection = connection
    this.#db = db
    this.#clock = options.clock ?? systemClock
    this.#path = options.path
    this.#problem = trail.problem
    this.#verified = trail.verified
    const prepare = preparing(connection.database, db)
    this.#applyWrite = preparedWrites(prepare)
    this.#app = prepare<{ appId: string }, Selectable<AppsTable>>((db) =>
      db.selectFrom("apps").selectAll().where("app_id", "=", parameter<string>("appId")),
    )
    this.#appByClientId = prepare<{ clientId: string }, Selectable<AppsTable>>((db) =>
      db.selectFrom("apps").selectAll().where("client_id", "=", parameter<string>("clientId")),
    )
    this.#launchToken = prepare<{ hash: Buffer }, LaunchTokensTable>((db) =>
      db.selectFrom("launch_tokens").selectAll().where("hash", "=", parameter<Buffer>("hash")),
    )
    this.#agent = prepare<{ agentId: string }, Selectable<AgentsTable>>((db) =>
      db.selectFrom("agents").selectAll().where("agent_id", "=", parameter<string>("agentId")),
    )
    this.#tokenEnd = prepare<{ jti: string }, DelegatedTokensTable>((db) =>
      db
        .selectFrom("agents")
        .select(["jti", "expires_at"])
        .where("jti", "=", parameter<string>("jti"))
        .unionAll(
          db.selectFrom("delegated_tokens").select(["jti", "expires_at"]).where("jti", "=", parameter<string>("jti")),
        ),
    )
    this.#agentsRunOut = prepare<{ now: number; limit: number }, Selectable<AgentsTable>>((db) =>
      db
        .selectFrom("agents")
        .selectAll()
        .where("expires_at", "<=", parameter<number>("now"))
        .where("released_at", "is", null)
        .where("expired_at", "is", null)
        .orderBy("expires_at")
        .limit(parameter<number>("limit")),
    )
    this.#pruning = preparedPruning(prepare)
    this.#trail = new TrailWriter(prepare, trail.state, trail.newest)
    this.#queue = new CommitQueue({
      database: connection.database,
      trail: this.#trail,
      revoked: (revocation) => {
        for (const listener of this.#listeners) listener(revocation)
      },
      listed: (entries) => {
        for (const listener of this.#listedListeners) listener(entries)
      },
      failed: (cause) => options.onFailure?.(cause),
    })
    this.#reader = new Reader(options.path)
  }

  async apps(): Promise<readonly App[]> {
    return (await this.#db.selectFrom("apps").selectAll().orderBy("seq", "desc").execute()).map(toApp)
  }

  async app(appId: string): Promise<App | undefined> {
    const row = this.#app.get({ appId })
    return row && toApp(row)
  }

  async appByClientId(clientId: string): Promise<App | undefined> {
    const row = this.#appByClientId.get({ clientId })
    return row && toApp(row)
  }

  async launchToken(hash: string): Promise<LaunchToken | undefined> {
    const row = this.#launchToken.get({ hash: Buffer.from(hash, "hex") })
    return row && toLaunchToken(row)
  }

  async agent(agentId: string): Promise<Agent | undefined> {
    const row = this.#agent.get({ agentId })
    return row && toAgent(row)
  }

  agents(query: AgentQuery, now: number): Promise<AgentPage> {
    return queryAgents(this.#db, this.#reader, query, now)
  }

  async agentsRunOut(now: number, limit: number): Promise<readonly Agent[]> {
    return this.#agentsRunOut.all({ now, limit }).map(toAgent)
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
    return this.#tokenEnd.get({ jti })?.expires_at
  }

  async revocationCount(): Promise<number> {
    const { count } = await this.#db
      .selectFrom("revocations")
      .select((eb) => eb.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow()
    return count
  }

  revocations(): AsyncIterable<readonly RevokedDigest[]> {
    return revokedDigests(this.#connection.database)
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
      writes.flatMap((write) => (write.type === "revoke" ? [write.revocation] : [])),
    )
  }

  seal(sign: (head: TreeHead) => string): Promise<KeptCheckpoint> {
    return this.#queue.commit(() => this.#trail.seal(sign))
  }

  forgetCheckpoints(size: number): Promise<void> {
    return this.#queue.commit(() => this.#trail.forgetCheckpoints(size))
  }

  async checkpoint(size?: number): Promise<KeptCheckpoint | undefined> {
    const newestFirst = this.#db.selectFrom("checkpoints").selectAll().orderBy("size", "desc").limit(1)
    const row = await (size === undefined ? newestFirst : newestFirst.where("size", "=", size)).executeTakeFirst()
    return row && toCheckpoint(row)
  }

  verifyTrail(signal: AbortSignal): Promise<string | undefined> {
    return verifyTrail({ path: this.#path, share: VERIFICATION_SHARE }, signal)
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
