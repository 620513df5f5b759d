import type { RevocationEntry } from "@agentwrit/authority/ports"
import type { RevocationLevel } from "@agentwrit/core"
import { type Query, sql } from "./sql.ts"

/** A row of the revocation log; instants are milliseconds since the Unix epoch, NULL means never. */
export interface RevocationRow {
  readonly seq: number
  readonly level: string
  /** Base64url of the digest of level and target. */
  readonly digest: string
  /** Unix seconds. */
  readonly before: number | null
  readonly alone: 0 | 1
  readonly expires_at: number | null
  /** The schema's name of `pruneAfter`. */
  readonly forget_at: number | null
}

/** The columns of a {@link RevocationRow}. */
export const REVOCATION_COLUMNS: Query = sql`seq, level, digest, before, alone, expires_at, forget_at`

/**
 * The newest position that was ever assigned; `null` before the first entry. SQLite keeps it, because the newest entry may
 * be pruned. It is never before an entry that is there: an edit of SQLite's row must not hide entries from the feed.
 */
export const revocationHead: Query<{ readonly head: number | null }> = sql`
  select max(seq) as head from (
    select seq from sqlite_sequence where name = 'revocations' union all select max(seq) from revocations)`

export function toRevocationEntry(row: RevocationRow): RevocationEntry {
  return {
    seq: row.seq,
    level: row.level as RevocationLevel,
    // Twice as fast as core's decoder, and an opening store decodes every entry.
    digest: Buffer.from(row.digest, "base64url"),
    ...(row.before !== null && { before: row.before }),
    ...(row.alone === 1 && { alone: true }),
    expiresAt: row.expires_at,
    pruneAfter: row.forget_at,
  }
}
