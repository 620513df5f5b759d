import { createHmac, hash } from "node:crypto"
import type Sqlite from "better-sqlite3"

/**
 * What the seal covers, as an unambiguous text of each row; `$` stands for the row. A row's own seal shows that nobody
 * else wrote it, not that it is the newest one, and none shows that a row is missing. Agents need neither: what ended one
 * is a revocation. Of a revocation it is what takes effect; a million of them are read after a start, so their text is
 * short. Its digest has no comma.
 */
const TEXTS: Readonly<Record<string, string>> = {
  apps: "quote($.app_id) || quote($.orch_ids) || quote($.mac)",
  launch_tokens: "quote($.hash) || ',' || $.uses || ',' || ifnull($.spent_at, '') || quote($.mac)",
  revocations: `$.seq || ',' || ifnull($.before, '') || ',' || $.alone || ',' || ifnull($.expires_at, '') || ',' ||
    ifnull($.forget_at, '') || ',' || $.level || ',' || $.digest`,
  key_ring: "$.revision || quote($.mac)",
}

/** The tables that the sum covers. */
export const SUMMED_TABLES: readonly string[] = Object.keys(TEXTS)

/** SQL for the text of a row. */
export const rowText = (table: string, row: string): string => `'${table},' || ${TEXTS[table]?.replaceAll("$", row)}`

/**
 * The XOR of a keyed hash of each row, so that a change costs the rows that it touches. Nobody without the key sees a
 * sum or a hash, so nobody can look for other rows of the same sum.
 */
export class TableSum {
  readonly bytes: Uint8Array
  readonly #rowKey: string

  /**
   * @param key secret bytes that are not in the database.
   * @param bytes the sum to go on from. Default: that of no row.
   */
  constructor(key: Uint8Array, bytes: Uint8Array = new Uint8Array(32)) {
    this.bytes = bytes
    this.#rowKey = createHmac("sha256", key).update("agentwrit-table-rows-v1").digest("hex")
  }

  /** The sum of the rows that are stored. */
  static of(database: Sqlite.Database, key: Uint8Array): TableSum {
    const sum = new TableSum(key)
    for (const table of SUMMED_TABLES) {
      const texts = database.prepare<[], string>(`select ${rowText(table, table)} from ${table}`).pluck()
      for (const text of texts.iterate()) sum.toggle(text)
    }
    return sum
  }

  /** Adds a row, or takes it away. Its hash is never shown, so a key in front of the text makes it a MAC. */
  toggle(text: string): void {
    addTo(this.bytes, hash("sha256", this.#rowKey + text, "buffer"))
  }
}

/** XORs the other bytes into the first. */
export function addTo(bytes: Uint8Array, other: Uint8Array): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] ?? 0) ^ (other[at] ?? 0)
}
