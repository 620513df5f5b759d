import { canonicalData } from "@agentwrit/audit"
import {
  type Change,
  type Clock,
  type Committed,
  type Housekeeping,
  type Records,
  type RevocationLog,
  type Store,
  systemClock,
  type Trail,
  type UnavailableError,
} from "@agentwrit/authority/ports"
import { openingFailure } from "./errors.ts"
import { Followers } from "./followers.ts"
import { sqliteHousekeeping } from "./housekeeping.ts"
import { Reader } from "./reader.ts"
import { sqliteRecords } from "./records.ts"
import { sqliteRevocationLog } from "./revocation-log.ts"
import { toRevocationEntry } from "./revocation-rows.ts"
import { sqliteTrail } from "./trail.ts"
import { Writer } from "./writer.ts"

/** Options of {@link SqliteStore.open}. */
export interface SqliteStoreOptions {
  /** The database file. It is created when it does not exist; its folder is not. */
  readonly path: string
  /** Timestamps the events; default: the machine's clock. */
  readonly clock?: Clock
  /**
   * Called once when an I/O error left the outcome of a commit unknown. The process should end; the next start
   * verifies.
   */
  readonly onFailure?: (cause: unknown) => void
  /** Called when commits begin to fail for a cause that may pass, such as a full disk. */
  readonly onStalled?: (fault: UnavailableError) => void
  /** Called when commits succeed again. */
  readonly onRecovered?: () => void
}

/** AgentWrit's state in one SQLite file (WAL, `synchronous=FULL`), for one broker at a time. */
export class SqliteStore implements Store {
  readonly records: Records
  readonly trail: Trail
  readonly revocations: RevocationLog
  readonly housekeeping: Housekeeping
  readonly #writer: Writer
  readonly #clock: Clock

  /**
   * Opens the file, brings its schema up to date and verifies the trail since its last checkpoint.
   * @throws DatabaseError when the file cannot be used; the message says what to do.
   */
  static async open(options: SqliteStoreOptions): Promise<SqliteStore> {
    const followers = new Followers()
    const writer = await Writer.open(options.path, {
      onAppended: (rows) => followers.append(rows.map(toRevocationEntry)),
      onUnconfirmed: (revocations) => followers.appendUnconfirmed(revocations),
      onFailed: (cause) => options.onFailure?.(cause),
      onStalled: (fault) => options.onStalled?.(fault),
      onRecovered: () => options.onRecovered?.(),
    })
    try {
      return new SqliteStore(options, writer, followers)
    } catch (error) {
      await writer.close()
      throw openingFailure(error, options.path)
    }
  }

  private constructor({ path, clock = systemClock }: SqliteStoreOptions, writer: Writer, followers: Followers) {
    const newReader = () => new Reader(path, (error) => writer.fail(error))
    const [reader, counter] = [newReader(), newReader()]
    this.#writer = writer
    this.#clock = clock
    this.records = sqliteRecords(reader, counter)
    this.trail = sqliteTrail(path, reader, writer)
    this.revocations = sqliteRevocationLog(reader, followers)
    this.housekeeping = sqliteHousekeeping([reader, counter], writer)
  }

  async commit({ writes, events, urgent = false }: Change): Promise<Committed> {
    const revocations = writes.flatMap((write) => (write.type === "revoke" ? [write.revocation] : []))
    const isRevoking = onlyRevokes(writes)
    const drafts = events.map(({ data, ...draft }) => ({ ...draft, dataText: data && canonicalData(data) }))
    const input = { writes, events: drafts, at: this.#clock.now(), urgent: urgent || isRevoking }
    return { events: await this.#writer.send({ name: "commit", input }, { revocations, urgent: isRevoking }) }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.housekeeping.close()
  }
}

/** Whether a change revokes and grants nothing. A renewal revokes the old token, and grants a new one. */
const onlyRevokes = (writes: Change["writes"]): boolean =>
  writes.some(({ type }) => type === "revoke") && !writes.some(({ type }) => type === "replace_token")
