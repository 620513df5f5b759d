import { setImmediate } from "node:timers/promises"
import type { Following, RevocationFollower, RevocationLog, RevocationPage } from "@agentwrit/authority/ports"
import type { Followers } from "./followers.ts"
import type { Reader } from "./reader.ts"
import { REVOCATION_COLUMNS, type RevocationRow, revocationHead, toRevocationEntry } from "./revocation-rows.ts"
import { sql } from "./sql.ts"

/** Stored entries that a follower gets at once. With small batches the heap does not grow for them: 35 MiB for a million, not 150. */
const BATCH_SIZE = 200

export class SqliteRevocationLog implements RevocationLog {
  readonly #reader: Reader
  readonly #followers: Followers

  constructor(reader: Reader, followers: Followers) {
    this.#reader = reader
    this.#followers = followers
  }

  async count(): Promise<number> {
    return this.#reader.get(sql<{ count: number }>`select count(*) as count from revocations`)?.count ?? 0
  }

  async follow(from: number, follower: RevocationFollower): Promise<Following> {
    for (let applied = from; ; ) {
      // The head first: an entry that commits between the two reads is then in the second.
      const head = this.#reader.get(revocationHead)?.head ?? 0
      const rows = this.#reader.all(sql<RevocationRow>`
        select ${REVOCATION_COLUMNS} from revocations where seq > ${applied} order by seq limit ${BATCH_SIZE}`)
      if (rows.length > 0) follower.append(rows.map(toRevocationEntry))
      applied = rows.at(-1)?.seq ?? applied
      // In the same turn of the event loop, so that no announcement is missed.
      if (rows.length < BATCH_SIZE) return this.#followers.add(follower, Math.max(applied, head))
      await setImmediate()
    }
  }

  async page(after: number, limit: number, at: number): Promise<RevocationPage> {
    // The head first: an entry that commits between the two reads belongs to the next page.
    const [newest] = await this.#reader.query(revocationHead)
    const head = newest?.head ?? 0
    const rows = await this.#reader.query(sql<RevocationRow>`
      select ${REVOCATION_COLUMNS} from revocations
      where seq > ${after} and seq <= ${head} and (expires_at is null or expires_at > ${at})
      order by seq limit ${limit}`)
    return { entries: rows.map(toRevocationEntry), head }
  }
}
