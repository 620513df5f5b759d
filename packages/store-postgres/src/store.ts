import { randomBytes } from "node:crypto"
import {
  type Change,
  type Clock,
  type Committed,
  type Housekeeping,
  type Lease,
  type Records,
  type RevocationLog,
  type Store,
  systemClock,
  type Trail,
  type UnavailableError,
} from "@agentwrit/authority/ports"
import { stepsOf } from "./commit.ts"
import { connect, Database, requireDurable, Session } from "./database.ts"
import { openingFailure } from "./errors.ts"
import { Followers } from "./followers.ts"
import { GroupCommit, type Plan } from "./group-commit.ts"
import { postgresHousekeeping } from "./housekeeping.ts"
import { type KeyTable, keyTable } from "./key-table.ts"
import { BrokerLease } from "./lease.ts"
import { Listener } from "./listener.ts"
import { migrate } from "./migrate.ts"
import { postgresRecords } from "./records.ts"
import { postgresRevocationLog } from "./revocation-log.ts"
import { sql } from "./sql.ts"
import { postgresTrail } from "./trail.ts"
import { chain, type TrailEnd } from "./trail-rows.ts"
import { type OpenedTrail, verifyTail } from "./verification.ts"

/** The channel of `NOTIFY`. */
const CHANNEL = "agentwrit_revocations"

/** Options of {@link PostgresStore.open}. */
export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database?sslmode=…`. The database must exist; its tables are made. */
  readonly url: string
  /** The version that other brokers are told. */
  readonly version: string
  /** Timestamps the events; default: the machine's clock. */
  readonly clock?: Clock
  /** Called when commits begin to fail for a cause that may pass, such as a server that is away. */
  readonly onStalled?: (fault: UnavailableError) => void
  /** Called when commits succeed again. */
  readonly onRecovered?: () => void
  /** Called once when notifications do not arrive, and the log is read every 100 ms instead. */
  readonly onPolling?: () => void
}

/** AgentWrit's state in a PostgreSQL database that any number of brokers share. */
export class PostgresStore implements Store {
  readonly records: Records
  readonly trail: Trail
  readonly revocations: RevocationLog
  readonly housekeeping: Housekeeping
  readonly lease: Lease
  /** Sealed private keys, which all brokers share. */
  readonly keys: KeyTable
  readonly #clock: Clock
  readonly #id: string
  readonly #commits: GroupCommit
  readonly #followers: Followers
  readonly #lease: BrokerLease

  /**
   * Connects, brings the schema up to date and verifies the trail since its last checkpoint.
   * @throws DatabaseError when the database cannot be used; the message says what to do.
   */
  static async open(options: PostgresStoreOptions): Promise<PostgresStore> {
    const database = new Database(options.url)
    try {
      const connection = await connect(options.url)
      try {
        await requireDurable(connection)
        await migrate(connection)
      } finally {
        await connection.close()
      }
      const head = await database.get(sql<{ keyRings: number }>`select key_rings as "keyRings" from head`)
      return new PostgresStore(options, database, await verifyTail(database), head?.keyRings ?? 0)
    } catch (error) {
      await database.close()
      throw openingFailure(error)
    }
  }

  private constructor(options: PostgresStoreOptions, database: Database, found: OpenedTrail, keyRings: number) {
    const { url, version, clock = systemClock } = options
    const id = randomBytes(8).toString("hex")
    const session = new Session(url)
    const followers = new Followers({ queries: session, broker: id, keyRings, onReloaded: () => lease.renew() })
    const lease: BrokerLease = new BrokerLease({ url, session, followers, id, version })
    const commits = new GroupCommit({
      url,
      session,
      channel: CHANNEL,
      onStalled: (fault) => options.onStalled?.(fault),
      onRecovered: () => options.onRecovered?.(),
    })
    commits.trailSize = found.size
    const listener = new Listener({
      url,
      session,
      channel: CHANNEL,
      onWake: () => lease.renew(),
      onPolling: () => options.onPolling?.(),
    })
    this.#clock = clock
    this.#id = id
    this.#commits = commits
    this.#followers = followers
    this.#lease = lease
    this.lease = lease
    this.keys = keyTable(database)
    this.records = postgresRecords(database)
    this.trail = postgresTrail(database, commits)
    this.revocations = postgresRevocationLog(database, followers, lease)
    const close = async (): Promise<void> => {
      await commits.close()
      await listener.close()
      await lease.stop()
      await Promise.all([session.close(), database.close()])
    }
    this.housekeeping = postgresHousekeeping({ database, commits, followers, found, broker: id, close })
  }

  async commit(change: Change): Promise<Committed> {
    const revocations = change.writes.flatMap((write) => (write.type === "revoke" ? [write.revocation] : []))
    const announces = change.writes.some(({ type }) => ANNOUNCED.includes(type))
    const now = this.#clock.now()
    const { result: events, position } = await this.#commits.run((end) => this.#plan(change, now, end), {
      urgent: onlyRevokes(change.writes),
      announces,
      onUnconfirmed: () => this.#followers.appendUnconfirmed(revocations),
    })
    if (announces) await this.#followers.catchUp()
    if (change.everywhere !== true) return { events }
    this.#lease.renew()
    return { events, brokers: await this.#lease.confirm(position) }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.housekeeping.close()
  }

  #plan({ writes, events: drafts }: Change, now: number, start: TrailEnd): Plan<Committed["events"]> {
    const giver = drafts.findIndex(({ data }) => data !== undefined)
    const event = giver < 0 ? null : start.sequence + giver + 1
    const { events, end } = chain(drafts, now, start)
    return {
      steps: writes.flatMap((write) => stepsOf(write, event, this.#id)),
      events,
      end,
      result: () => events.map(({ event: { data: _, ...rest } }) => rest),
    }
  }
}

/** What other brokers must learn of. */
const ANNOUNCED: readonly string[] = ["revoke", "set_key_ring", "begin_era"]

/** Whether a change revokes and grants nothing. A renewal revokes the old token, and grants a new one. */
const onlyRevokes = (writes: Change["writes"]): boolean =>
  writes.some(({ type }) => type === "revoke") && !writes.some(({ type }) => type === "replace_token")
