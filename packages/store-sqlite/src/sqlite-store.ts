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
import type Sqlite from "better-sqlite3"
import { Kysely, SqliteDialect } from "kysely"
import { countActiveAgents, queryAgents } from "./agent-query.ts"
import { openReadOnly } from "./connection.ts"
import { isDamage, openingFailure } from "./errors.ts"
import { queryEvents } from "./event-query.ts"
import type { Pruning } from "./pruning.ts"
import { Reader } from "./reader.ts"
import { preparedReads } from "./record-reads.ts"
import { queryRevocations, revokedDigests } from "./revocation-query.ts"
import { toApp, toCheckpoint } from "./rows.ts"
import type { Schema } from "./schema.ts"
import { preparing } from "./statements.ts"
import { verifyTrail } from "./trail-verification.ts"
import { Writer } from "./writer.ts"

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

/** The part of one core that verifying the whole trail in the background may take. */
const VERIFICATION_SHARE = 0.15

/** Who is told of what, in the order in which they asked for it. */
interface Listeners {
  readonly revocation: ((revocation: Revocation) => void)[]
  readonly listed: ((entries: readonly ListedRevocation[]) => void)[]
}

/** AgentWrit's state in one SQLite file (WAL, `synchronous=FULL`), for one broker at a time. */
export class SqliteStore implements Store {
  readonly #writer: Writer
  readonly #reader: Reader
  /** For single records, which every use case waits for; it sees what is committed. */
  readonly #database: Sqlite.Database
  readonly #db: Kysely<Schema>
  readonly #path: string
  readonly #clock: Clock
  readonly #revocationListeners: ((revocation: Revocation) => void)[]
  readonly #listedListeners: ((entries: readonly ListedRevocation[]) => void)[]
  #closed = false
  readonly #records

  /**
   * Opens the file, brings its schema up to date and verifies the trail since its last checkpoint.
   * @throws DatabaseError when the file cannot be used; the message says what to do.
   */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const told: Listeners = { revocation: [], listed: [] }
    const writer = await Writer.open(options.path, {
      revoked: (revocation) => {
        for (const listener of told.revocation) listener(revocation)
      },
      listed: (entries) => {
        for (const listener of told.listed) listener(entries)
      },
      failed: (cause) => options.onFailure?.(cause),
      stalled: (fault) => options.onStalled?.(fault),
      recovered: () => options.onRecovered?.(),
    })
    try {
      return new SqliteStore(options, writer, told)
    } catch (error) {
      await writer.close()
      throw openingFailure(error, options.path)
    }
  }

  private constructor({ path, clock = systemClock }: SqliteStoreOptions, writer: Writer, told: Listeners) {
    this.#writer = writer
    this.#clock = clock
    this.#path = path
    this.#revocationListeners = told.revocation
    this.#listedListeners = told.listed
    this.#database = openReadOnly(path)
    this.#db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: this.#database }) })
    this.#records = preparedReads(preparing(this.#database, this.#db))
    this.#reader = new Reader(path, (error) => writer.fail(error))
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
    return this.#prune("revocations", now, limit)
  }

  pruneNonces(expiredBefore: number, limit: number): Promise<number> {
    return this.#prune("nonces", expiredBefore, limit)
  }

  pruneLaunchTokens(expiredBefore: number, limit: number): Promise<number> {
    return this.#prune("launchTokens", expiredBefore, limit)
  }

  pruneDelegatedTokens(expiredBefore: number, limit: number): Promise<number> {
    return this.#prune("delegatedTokens", expiredBefore, limit)
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
      yield* revokedDigests(this.#database)
    } catch (error) {
      this.#unreadable(error)
    }
  }

  revocationsAfter(after: number, limit: number, at: number): Promise<RevocationPage> {
    return queryRevocations(this.#db, this.#reader, { after, limit, at })
  }

  async commit({ writes, events, urgent = false }: Change): Promise<Committed> {
    const revocations = writes.flatMap((write) => (write.type === "revoke" ? [write.revocation] : []))
    const takesRights = takesRightsOnly(writes)
    const order = { writes, events, at: this.#clock.now(), urgent: urgent || takesRights }
    return { events: await this.#writer.order("change", order, { revocations, urgent: takesRights }) }
  }

  #prune(what: keyof Pruning, before: number, limit: number): Promise<number> {
    return this.#writer.order("prune", { what, before, limit })
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
    this.#writer.fail(error)
    throw new UnavailableError("failed", `the database cannot be read: ${String(error)}`, { cause: error })
  }

  async seal(sign: (head: TreeHead) => string): Promise<KeptCheckpoint> {
    const head = await this.#writer.order("head", {})
    if ("note" in head) return head
    const { size, root } = head
    return this.#writer.order("keepCheckpoint", { ...head, note: sign({ size, root }) })
  }

  forgetCheckpoints(size: number): Promise<void> {
    return this.#writer.order("forgetCheckpoints", { size })
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
    const { problem, verified } = this.#writer.found
    return {
      writable: this.#writer.fault === undefined,
      trailSize: this.#writer.trailSize,
      trailVerified: verified,
      ...(problem !== undefined && { trailProblem: problem }),
    }
  }

  onRevocation(listener: (revocation: Revocation) => void): void {
    this.#revocationListeners.push(listener)
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
    // The last connection that closes folds the WAL into the file, which a reading one could not.
    try {
      await this.#reader.close()
      this.#database.close()
    } finally {
      await this.#writer.close()
    }
  }
}

/** Whether a change only takes rights away: a renewal revokes too, and gives. */
const takesRightsOnly = (writes: Change["writes"]): boolean =>
  writes.some(({ type }) => type === "revoke") && !writes.some(({ type }) => type === "replace_token")
