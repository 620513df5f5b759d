import { setImmediate } from "node:timers/promises"
import type { RevocationLog } from "@agentwrit/authority/ports"
import type { Followers } from "./followers.ts"
import type { Reader } from "./reader.ts"
import { REVOCATION_COLUMNS, type RevocationRow, revocationHead, toRevocationEntry } from "./revocation-rows.ts"
import { sql } from "./sql.ts"

/**
 * Stored entries that a follower gets at once. With small batches the heap does not grow for them: 35 MiB for a
 * million, not 150.
 */
const BATCH_SIZE = 200

export function sqliteRevocationLog(reader: Reader, followers: Followers): RevocationLog {
  return {
    count: async () => reader.get(sql<{ count: number }>`select count(*) as count from revocations`)?.count ?? 0,

    async follow(from, follower) {
      for (let applied = from; ; ) {
        // The head first: an entry that commits between the two reads is then in the second.
        const head = reader.get(revocationHead)?.head ?? 0
        const rows = reader.all(sql<RevocationRow>`
          select ${REVOCATION_COLUMNS} from revocations where seq > ${applied} order by seq limit ${BATCH_SIZE}`)
        if (rows.length > 0) follower.append(rows.map(toRevocationEntry))
        applied = rows.at(-1)?.seq ?? applied
        // In the same turn of the event loop, so that the follower misses no new entry.
        if (rows.length < BATCH_SIZE) return followers.add(follower, Math.max(applied, head))
        await setImmediate()
      }
    },

    async page(after, limit, at) {
      // The head first: an entry that commits between the two reads belongs to the next page.
      const [newest] = await reader.query(revocationHead)
      const head = newest?.head ?? 0
      const rows = await reader.query(sql<RevocationRow>`
        select ${REVOCATION_COLUMNS} from revocations
        where seq > ${after} and seq <= ${head} and (expires_at is null or expires_at > ${at})
        order by seq limit ${limit}`)
      return { entries: rows.map(toRevocationEntry), head }
    },
  }
}
