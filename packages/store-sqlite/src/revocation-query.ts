import type { RevocationPage, RevokedDigest } from "@agentwrit/authority"
import type Sqlite from "better-sqlite3"
import { type Kysely, sql } from "kysely"
import type { Reader } from "./reader.ts"
import { type ListedRevocationRow, toListedRevocation } from "./rows.ts"
import type { RevocationsTable, Schema } from "./schema.ts"

/** Entries read at once: so few that they are gone before the heap has to grow for them. A million then leave some 35 MiB behind, not 150. */
const STEP = 200

/** What every revocation is known by in memory, in lists. */
export async function* revokedDigests(database: Sqlite.Database): AsyncIterable<readonly RevokedDigest[]> {
  const read = database.prepare<[number, number], Pick<RevocationsTable, "digest" | "forget_at"> & { seq: number }>(
    "select seq, digest, forget_at from revocations where seq > ? order by seq limit ?",
  )
  for (let after = 0; ; ) {
    const rows = read.all(after, STEP)
    // Node's own decoder takes half the time; what is not 32 bytes the set refuses.
    yield rows.map(({ digest, forget_at }) => ({ digest: Buffer.from(digest, "base64url"), forgetAt: forget_at }))
    after = rows.at(-1)?.seq ?? after
    if (rows.length < STEP) return
  }
}

/** A stretch of the list that matters at an instant, read on the reader's thread. */
export async function queryRevocations(
  db: Kysely<Schema>,
  reader: Reader,
  { after, limit, at }: { readonly after: number; readonly limit: number; readonly at: number },
): Promise<RevocationPage> {
  // The head first: what is listed between the two reads is then left to the next stretch, not skipped.
  const counter = sql<{ head: number }>`select seq as head from sqlite_sequence where name = 'revocations'`
  const [newest] = await reader.all({ compile: () => counter.compile(db) })
  const head = newest?.head ?? 0
  const rows: readonly ListedRevocationRow[] = await reader.all(
    db
      .selectFrom("revocations")
      .select(["seq", "level", "digest", "expires_at"])
      .where("seq", ">", after)
      .where("seq", "<=", head)
      .where((eb) => eb.or([eb("expires_at", "is", null), eb("expires_at", ">", at)]))
      .orderBy("seq")
      .limit(limit),
  )
  return { entries: rows.map(toListedRevocation), head }
}
