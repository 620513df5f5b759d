import type { Following, Revocation, RevocationEntry, RevocationFollower } from "@agentwrit/authority/ports"
import type { RevocationLevel } from "@agentwrit/core"
import type { Queries } from "./database.ts"
import type { Position } from "./group-commit.ts"
import { sql } from "./sql.ts"

/** Entries that are read at once. */
const BATCH_SIZE = 500

/** A row of the revocation log; instants are milliseconds since the Unix epoch, NULL means never. */
export interface RevocationRow {
  readonly seq: number
  readonly level: string
  readonly digest: Uint8Array
  /** Unix seconds. */
  readonly before: number | null
  readonly alone: boolean
  readonly expires_at: number | null
  readonly prune_after: number | null
}

/** The head row, beside one entry of the log, or none. */
interface FollowedRow extends Omit<RevocationRow, "seq"> {
  readonly seq: number | null
  readonly revocations: number
  readonly key_rings: number
  readonly key_ring_by: string | null
  readonly size: number
}

export interface FollowersOptions {
  readonly queries: Queries
  /** This broker. */
  readonly broker: string
  /** How often the key ring had changed when this broker opened the store. */
  readonly keyRings: number
  /** Called when the key ring of another broker was taken over, or could not be. */
  readonly onReloaded: () => void
}

/** Who follows the revocation log, and the key ring, through this broker. All of them read the log in turn. */
export class Followers {
  readonly #queries: Queries
  readonly #broker: string
  readonly #followings = new Set<LiveFollowing>()
  #turn: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined
  #keyRings: number
  #reloading: Promise<void> | undefined
  #reloadFault: Error | undefined
  readonly #onReloaded: () => void
  /** Number of events at the last reading. */
  trailSize = 0

  constructor({ queries, broker, keyRings, onReloaded }: FollowersOptions) {
    this.#queries = queries
    this.#broker = broker
    this.#keyRings = keyRings
    this.#onReloaded = onReloaded
  }

  /** What every follower has applied. */
  get applied(): Position {
    const positions = [...this.#followings].map(({ applied }) => applied)
    return { revocations: Math.min(...positions), keyRings: this.#keyRings }
  }

  /** Delivers what is stored after `from`, and from then on what {@link catchUp} reads. */
  follow(from: number, follower: RevocationFollower): Promise<Following> {
    return this.#inTurn(async () => {
      const following = new LiveFollowing(follower, from, () => this.#followings.delete(following))
      await this.#read([following])
      this.#followings.add(following)
      return following
    })
  }

  /**
   * Applies every revocation that was committed before the call, and begins to take over the key ring.
   * @throws when the database cannot be read.
   */
  catchUp(): Promise<void> {
    this.#next ??= this.#inTurn(async () => {
      this.#next = undefined
      if (this.#followings.size > 0) await this.#read([...this.#followings])
    })
    return this.#next
  }

  /** @throws when the key ring of another broker could not be taken over at the last attempt. */
  requireKeyRing(): void {
    if (this.#reloadFault !== undefined) throw this.#reloadFault
  }

  appendUnconfirmed(revocations: readonly Revocation[]): void {
    if (revocations.length === 0) return
    for (const { follower } of this.#followings) follower.appendUnconfirmed?.(revocations)
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #read(followings: readonly LiveFollowing[]): Promise<void> {
    for (;;) {
      const after = Math.min(...followings.map(({ applied }) => applied))
      // One statement, so that head and entries are of the same moment.
      const rows = await this.#queries.all(sql<FollowedRow>`
        select revocations, key_rings, key_ring_by, size, entry.* from head left join lateral (
          select seq, level, digest, before, alone, expires_at, prune_after from revocations
          where seq > ${after} order by seq limit ${BATCH_SIZE}
        ) as entry on true order by seq`)
      const entries = rows.flatMap((row) => (row.seq === null ? [] : [toRevocationEntry({ ...row, seq: row.seq })]))
      const [head] = rows
      const isWhole = entries.length < BATCH_SIZE
      for (const following of followings) following.append(entries, isWhole ? head?.revocations : undefined)
      if (!isWhole) continue
      if (head !== undefined) {
        this.trailSize = head.size
        this.#takeKeyRing(head)
      }
      return
    }
  }

  /**
   * Lets the followers take over the ring that another broker committed. Nobody waits for it in turn: a broker that
   * changes the ring itself meanwhile waits for its own revocations.
   */
  #takeKeyRing({ key_rings, key_ring_by }: FollowedRow): void {
    if (key_rings <= this.#keyRings || this.#reloading !== undefined) return
    if (key_ring_by === this.#broker) {
      this.#keyRings = key_rings
      return
    }
    const followers = [...this.#followings].map(({ follower }) => follower)
    this.#reloading = Promise.all(followers.map(async (follower) => follower.keyRingChanged?.()))
      .then(() => {
        this.#keyRings = key_rings
        this.#reloadFault = undefined
      })
      .catch((cause: unknown) => {
        this.#reloadFault = new Error("the key ring of another broker could not be taken over", { cause })
      })
      .finally(() => {
        this.#reloading = undefined
        this.#onReloaded()
      })
  }
}

class LiveFollowing implements Following {
  readonly follower: RevocationFollower
  readonly stop: () => void
  #applied: number

  constructor(follower: RevocationFollower, applied: number, stop: () => void) {
    this.follower = follower
    this.stop = stop
    this.#applied = applied
  }

  get applied(): number {
    return this.#applied
  }

  /** @param head the newest position that was assigned, when these are all entries up to it. */
  append(entries: readonly RevocationEntry[], head: number | undefined): void {
    const fresh = entries.filter(({ seq }) => seq > this.#applied)
    if (fresh.length > 0) this.follower.append(fresh)
    this.#applied = Math.max(this.#applied, fresh.at(-1)?.seq ?? 0, head ?? 0)
  }
}

export function toRevocationEntry(row: RevocationRow): RevocationEntry {
  return {
    seq: row.seq,
    level: row.level as RevocationLevel,
    digest: row.digest,
    ...(row.before !== null && { before: row.before }),
    ...(row.alone && { alone: true }),
    expiresAt: row.expires_at,
    pruneAfter: row.prune_after,
  }
}
