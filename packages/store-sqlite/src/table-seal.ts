import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import type { TrailState } from "@agentwrit/audit"
import type Sqlite from "better-sqlite3"
import { DatabaseError } from "./errors.ts"
import { requireOwnSchema } from "./schema.ts"
import { type Query, type Statements, sql } from "./sql.ts"
import { addTo, rowText, SUMMED_TABLES, TableSum } from "./table-sum.ts"

/** The stored seal: the sum of the rows, encrypted, and its MAC. */
export interface SealRow {
  readonly nonce: Uint8Array
  readonly sum: Uint8Array
  readonly mac: Uint8Array
}

export const storedSeal: Query<SealRow> = sql<SealRow>`select nonce, sum, mac from table_seal`

/** The end of the trail, which a seal belongs to. */
type Head = Pick<TrailState, "sequence" | "prevHash">

/** Encrypts and authenticates sums. */
export class SealKey {
  readonly #key: Uint8Array

  /** @param key secret bytes that are not in the database. */
  constructor(key: Uint8Array) {
    this.#key = createHmac("sha256", key).update("agentwrit-table-seal-v1").digest()
  }

  seal(bytes: Uint8Array, head: Head): SealRow {
    const nonce = randomBytes(16)
    const sum = this.#masked(bytes, nonce)
    return { nonce, sum, mac: this.#mac(nonce, sum, head) }
  }

  /** The sum in a seal. Does not check its MAC. */
  open({ nonce, sum }: SealRow): Uint8Array {
    return this.#masked(sum, nonce)
  }

  /** Whether the broker sealed this sum at this end of the trail. */
  isGenuine({ nonce, sum, mac }: SealRow, head: Head): boolean {
    const expected = this.#mac(nonce, sum, head)
    return mac.length === expected.length && timingSafeEqual(mac, expected)
  }

  #masked(bytes: Uint8Array, nonce: Uint8Array): Uint8Array {
    const masked = createHmac("sha256", this.#key).update("mask").update(nonce).digest()
    addTo(masked, bytes)
    return masked
  }

  #mac(nonce: Uint8Array, sum: Uint8Array, { sequence, prevHash }: Head): Uint8Array {
    return createHmac("sha256", this.#key).update(`head ${sequence} ${prevHash} `).update(nonce).update(sum).digest()
  }
}

/**
 * Seals the set of rows that revoke, and of those that give rights (CONTRACT 4): a start sees whether a row was deleted,
 * inserted or put back while the broker did not run.
 *
 * Each commit stores the sum of the rows, encrypted and sealed together with the head of the trail: an older one does
 * not fit the trail that a kept checkpoint proves. Temporary triggers, which exist in this connection only, keep the sum
 * for every write. It goes on from the stored one, so what someone else changed stays in it as a difference, which
 * the comparison with the rows finds at any later time.
 */
export class TableSeal {
  /** Absent until the seal is opened, or the rows are accepted: nothing is sealed then. */
  #sum: TableSum | undefined
  readonly #database: Sqlite.Database
  readonly #statements: Statements
  readonly #path: string
  readonly #key: Uint8Array
  readonly #sealKey: SealKey
  /** Changes when another connection commits. */
  readonly #version: Sqlite.Statement<[], number>
  /** That version, when the sum was last that of the rows, but for what was changed before the start. */
  #knownAt: number | undefined

  /** @param key secret bytes that are not in the database. */
  constructor(database: Sqlite.Database, path: string, statements: Statements, key: Uint8Array) {
    this.#database = database
    this.#path = path
    this.#version = database.prepare<[], number>("pragma data_version").pluck()
    this.#statements = statements
    this.#key = key
    this.#sealKey = new SealKey(key)
    database.function("agentwrit_row", (text: string) => this.#sum?.toggle(text))
    for (const table of SUMMED_TABLES)
      for (const [event, rows] of [
        ["insert", ["new"]],
        ["delete", ["old"]],
        ["update", ["old", "new"]],
      ] as const)
        database.exec(`create temp trigger ${table}_${event} after ${event} on main.${table} begin
          ${rows.map((row) => `select agentwrit_row(${rowText(table, row)});`).join("\n")} end`)
  }

  /** The present sum, for {@link TableSeal.rewind}. */
  mark(): Uint8Array | undefined {
    return this.#sum?.bytes.slice()
  }

  /** Goes back to an older sum, because its transaction was undone. */
  rewind(mark: Uint8Array | undefined): void {
    this.#sum = mark && new TableSum(this.#key, mark.slice())
  }

  /** Goes on from the stored sum, if its seal is genuine and belongs to this end of the trail. Returns whether. */
  open(end: TrailState): boolean {
    this.#knownAt = this.#version.get()
    const stored = this.#statements.get(storedSeal)
    if (stored === undefined || !this.#sealKey.isGenuine(stored, end)) return false
    this.rewind(this.#sealKey.open(stored))
    return true
  }

  /** Goes on from the rows as they are. */
  accept(): void {
    this.#knownAt = this.#version.get()
    this.#sum = TableSum.of(this.#database, this.#key)
  }

  /**
   * Call it first in a transaction: a trigger that someone plants while the broker runs would change rows in its name.
   * @throws {@link DatabaseError} `database_changed` when another connection has changed a row or the schema.
   */
  requireUnchanged(): void {
    if (this.#sum === undefined) return
    const version = this.#version.get()
    if (version === this.#knownAt) return
    requireOwnSchema(this.#database, this.#path)
    if (Buffer.compare(TableSum.of(this.#database, this.#key).bytes, this.#sum.bytes) !== 0)
      throw new DatabaseError(
        "database_changed",
        `${this.#path} was changed by someone else while the broker ran: find out who, and restore a backup`,
      )
    this.#knownAt = version
  }

  /** Stores the sum. Call it last in a transaction. */
  store(end: TrailState): void {
    if (this.#sum === undefined) return
    const { nonce, sum, mac } = this.#sealKey.seal(this.#sum.bytes, end)
    this.#statements.run(sql`insert into table_seal (id, nonce, sum, mac) values (1, ${nonce}, ${sum}, ${mac})
      on conflict (id) do update set nonce = excluded.nonce, sum = excluded.sum, mac = excluded.mac`)
  }
}
