import type { RevocationLog } from "@agentwrit/authority/ports"
import type { Database } from "./database.ts"
import { type Followers, type RevocationRow, toRevocationEntry } from "./followers.ts"
import type { BrokerLease } from "./lease.ts"
import { sql } from "./sql.ts"

export function postgresRevocationLog(database: Database, followers: Followers, lease: BrokerLease): RevocationLog {
  return {
    async count() {
      const row = await database.get(sql<{ count: number }>`select count(*) as count from revocations`)
      return row?.count ?? 0
    },

    async follow(from, follower) {
      const following = await followers.follow(from, follower)
      // Who follows nothing accepts no token, so nobody need wait for it.
      await lease.start()
      return following
    },

    async page(after, limit, at) {
      // The head first: an entry that commits between the two reads belongs to the next page.
      const newest = await database.get(sql<{ head: number }>`select revocations as head from head`)
      const head = newest?.head ?? 0
      const rows = await database.all(sql<RevocationRow>`
        select seq, level, digest, before, alone, expires_at, prune_after from revocations
        where seq > ${after} and seq <= ${head} and (expires_at is null or expires_at > ${at})
        order by seq limit ${limit}`)
      return { entries: rows.map(toRevocationEntry), head }
    },
  }
}
