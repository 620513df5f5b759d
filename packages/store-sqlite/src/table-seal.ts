import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto"
import type { TrailState } from "@agentwrit/audit"
import type Sqlite from "better-sqlite3"
import { DatabaseError } from "./errors.ts"
import { requireOwnSchema } from "./schema.ts"
import { type Statements, sql } from "./sql.ts"

/**
 * What the seal covers, as an unambiguous text of each row; `$` stands for the row. A row's own seal shows that nobody
 * else wrote it, not that it is the newest one, and none shows that a row is missing. Agents need neither: what ended one
 * is a revocation. Of a revocation it is what takes effect; a million of them are read at a start, so their text is
 * short. Its digest has no comma.
 */
const TEXTS: Readonly<Record<string, string>> = {
  apps: "quote($.app_id) || quote($.orch_ids) || quote($.mac)",
  launch_tokens: "quote($.hash) || ',' || $.uses || ',' || ifnull($.spent_at, '') || quote($.mac)",
  revocations: `$.seq || ',' || ifnull($.before, '') || ',' || $.alone || ',' || ifnull($.expires_at, '') || ',' ||
    ifnull($.forget_at, '') || ',' || $.level || ',' || $.digest`,
  key_ring: "$.revision || quote($.mac)",
}

interface SealRow {
  readonly nonce: Uint8Array
  readonly sum: Uint8Array
  readonly mac: Uint8Array
}

/**
 * Seals the set of rows that revoke, and of those that give rights (CONTRACT 4): a start sees whether a row was deleted,
 * inserted or put back while the broker did not run.
 *
 * The sum is the XOR of a keyed hash of each row, so that a change costs the rows that it touches. Temporary triggers,
 * which exist in this connection only, keep it for every write. Each commit stores the sum, encrypted and sealed
 * together with the head of the trail: an older one does not fit the trail that a kept checkpoint proves. Nobody without
 * the key sees a sum or a hash, so nobody can look for other rows of the same sum.
 */
export class TableSeal {
  /** XOR of the hashes of all rows. */
  readonly #sum = new Uint8Array(32)
  readonly #database: Sqlite.Database
  readonly #statements: Statements
  readonly #path: string
  readonly #key: Uint8Array
  readonly #rowKey: string
  /** Changes when another connection commits. */
  readonly #version: Sqlite.Statement<[], number>
  /** That version, when the rows were last read. */
  #readAt: number | undefined

  /** @param key secret bytes that are not in the database. */
  constructor(database: Sqlite.Database, path: string, statements: Statements, key: Uint8Array) {
    this.#database = database
    this.#path = path
    this.#version = database.prepare<[], number>("pragma data_version").pluck()
    this.#statements = statements
    this.#key = createHmac("sha256", key).update("agentwrit-table-seal-v1").digest()
    this.#rowKey = createHmac("sha256", key).update("agentwrit-table-rows-v1").digest("hex")
    database.function("agentwrit_row", (text: string) => this.#toggle(text))
    for (const table of Object.keys(TEXTS))
      for (const [event, rows] of [
        ["insert", ["new"]],
        ["delete", ["old"]],
        ["update", ["old", "new"]],
      ] as const)
        database.exec(`create temp trigger ${table}_${event} after ${event} on main.${table} begin
          ${rows.map((row) => `select agentwrit_row(${textOf(table, row)});`).join("\n")} end`)
  }

  /** The present sum, for {@link TableSeal.rewind}. */
  mark(): Uint8Array {
    return this.#sum.slice()
  }

  /** Goes back to an older sum, because its transaction was undone. */
  rewind(mark: Uint8Array): void {
    this.#sum.set(mark)
  }

  /** Reads all rows, and compares them with what the last commit stored. */
  matches(end: TrailState): boolean {
    this.#read()
    const stored = this.#statements.get(sql<SealRow>`select nonce, sum, mac from table_seal`)
    if (stored === undefined) return false
    const expected = this.#sealed(end, Buffer.from(stored.nonce))
    return equal(stored.sum, expected.sum) && equal(stored.mac, expected.mac)
  }

  /**
   * Call it first in a transaction: a trigger that someone plants while the broker runs would change rows in its name.
   * @throws {@link DatabaseError} `database_changed` when another connection has changed a row or the schema.
   */
  requireUnchanged(): void {
    if (this.#version.get() === this.#readAt) return
    requireOwnSchema(this.#database, this.#path)
    const sum = this.mark()
    this.#read()
    if (equal(sum, this.#sum)) return
    throw new DatabaseError(
      "database_changed",
      `${this.#path} was changed by someone else while the broker ran: find out who, and restore a backup`,
    )
  }

  #read(): void {
    this.#readAt = this.#version.get()
    this.#sum.fill(0)
    for (const table of Object.keys(TEXTS))
      for (const text of this.#database
        .prepare<[], string>(`select ${textOf(table, table)} from ${table}`)
        .pluck()
        .iterate())
        this.#toggle(text)
  }

  /** Stores the sum. Call it last in a transaction. */
  store(end: TrailState): void {
    const { nonce, sum, mac } = this.#sealed(end, randomBytes(16))
    this.#statements.run(sql`insert into table_seal (id, nonce, sum, mac) values (1, ${nonce}, ${sum}, ${mac})
      on conflict (id) do update set nonce = excluded.nonce, sum = excluded.sum, mac = excluded.mac`)
  }

  #sealed({ sequence, prevHash }: TrailState, nonce: Buffer): SealRow {
    const sum = createHmac("sha256", this.#key).update("mask").update(nonce).digest()
    addTo(sum, this.#sum)
    const mac = createHmac("sha256", this.#key)
      .update(`head ${sequence} ${prevHash} `)
      .update(nonce)
      .update(sum)
      .digest()
    return { nonce, sum, mac }
  }

  /** Adds a row, or takes it away. Its hash is never shown, so a key in front of the text makes it a MAC. */
  #toggle(text: string): void {
    addTo(this.#sum, hash("sha256", this.#rowKey + text, "buffer"))
  }
}

/** SQL for the text of a row. */
const textOf = (table: string, row: string): string => `'${table},' || ${TEXTS[table]?.replaceAll("$", row)}`

function addTo(sum: Uint8Array, other: Uint8Array): void {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) ^ (other[at] ?? 0)
}

const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other)
