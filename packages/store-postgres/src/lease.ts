import { setTimeout as delay } from "node:timers/promises"
import type { BrokerState, Lease } from "@agentwrit/authority/ports"
import { type Connection, connect, type Session } from "./database.ts"
import type { Followers } from "./followers.ts"
import type { Position } from "./group-commit.ts"
import { sql } from "./sql.ts"

/** How long a lease holds without a renewal. */
const LEASE_MS = 1000

const RENEWAL_INTERVAL_MS = LEASE_MS / 3

/** How often a broker that revokes looks whether the others have applied it. */
const CONFIRMATION_INTERVAL_MS = 3

export interface BrokerLeaseOptions {
  readonly url: string
  readonly session: Session
  readonly followers: Followers
  /** This broker. */
  readonly id: string
  readonly version: string
}

/**
 * This broker's lease, a row that says how far it has applied the revocation log. A lease that has lapsed is never
 * renewed, and the row of one that somebody waits for is deleted: the broker joins again. It joins while it holds the
 * head row and has applied everything, so each revocation either sees its row or was applied before.
 */
export class BrokerLease implements Lease {
  readonly #options: BrokerLeaseOptions
  /** By the monotonic clock. */
  #heldUntil = -Infinity
  #brokers: readonly BrokerState[] = []
  #started: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #renewing: Promise<void> | undefined
  #isDue = false
  #stopped = false

  constructor(options: BrokerLeaseOptions) {
    this.#options = options
  }

  get held(): boolean {
    return performance.now() < this.#heldUntil
  }

  get brokers(): readonly BrokerState[] {
    return this.#brokers
  }

  /** Joins the brokers, and renews from then on. A second call joins nothing more. */
  start(): Promise<void> {
    this.#started ??= this.#join().then(() => this.#renewLater())
    return this.#started
  }

  /** Applies what is new and says so, without waiting for the next renewal. */
  renew(): void {
    if (this.#started === undefined) return void this.#options.followers.catchUp().catch(() => undefined)
    if (this.#stopped) return
    this.#isDue = true
    this.#renewing ??= this.#renewWhileDue()
  }

  /**
   * Resolves once every broker whose lease holds has applied what was committed up to a position.
   * @returns their number, this broker included.
   */
  async confirm({ revocations, keyRings }: Position): Promise<number> {
    const { session, id } = this.#options
    for (;;) {
      // The deletion waits for a renewal that is under way, and then leaves its row.
      const found = await session.get(sql<{ waiting: number; others: number }>`
        with lapsed as (
          delete from brokers where id <> ${id} and until <= clock_timestamp()
            and (applied < ${revocations} or key_rings < ${keyRings})
          returning id
        )
        select count(*) filter (where applied < ${revocations} or key_rings < ${keyRings}) as waiting,
          count(*) filter (where until > clock_timestamp()) as others
        from brokers where id <> ${id} and id not in (select id from lapsed)`)
      if (found?.waiting === 0) return found.others + 1
      await delay(CONFIRMATION_INTERVAL_MS)
    }
  }

  /** Gives the lease up, so that nobody waits for it. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#heldUntil = -Infinity
    await this.#started?.catch(() => undefined)
    await this.#renewing
    if (this.#started !== undefined)
      await this.#options.session.run(sql`delete from brokers where id = ${this.#options.id}`).catch(() => undefined)
  }

  #renewLater(): void {
    if (!this.#stopped) this.#timer = setTimeout(() => this.renew(), RENEWAL_INTERVAL_MS).unref()
  }

  async #renewWhileDue(): Promise<void> {
    clearTimeout(this.#timer)
    while (this.#isDue && !this.#stopped) {
      this.#isDue = false
      // Whoever cannot renew refuses tokens once its lease has lapsed, and tries again.
      await this.#renewOnce().catch(() => undefined)
    }
    this.#renewing = undefined
    this.#renewLater()
  }

  async #renewOnce(): Promise<void> {
    const { session, followers, id } = this.#options
    await followers.catchUp()
    followers.requireKeyRing()
    const { revocations, keyRings } = followers.applied
    const sent = performance.now()
    const renewed = await session.run(sql`
      update brokers set until = clock_timestamp() + ${LEASE_MS} * interval '1 millisecond',
        applied = ${revocations}, key_rings = ${keyRings}
      where id = ${id} and until > clock_timestamp()`)
    if (renewed === 0) return this.#join()
    this.#heldUntil = sent + LEASE_MS
    await this.#readBrokers()
  }

  async #join(): Promise<void> {
    const connection = await connect(this.#options.url)
    try {
      while (!this.#stopped && !(await this.#joinIfCaughtUp(connection))) await this.#options.followers.catchUp()
    } finally {
      await connection.close()
    }
    await this.#readBrokers()
  }

  async #joinIfCaughtUp(connection: Connection): Promise<boolean> {
    const { followers, id, version } = this.#options
    await connection.command("begin")
    await connection.run(sql`select set_config('idle_in_transaction_session_timeout', ${String(LEASE_MS)}, true)`)
    const head = await connection.get(sql<Position>`
      select revocations, key_rings as "keyRings" from head for update`)
    const { revocations, keyRings } = followers.applied
    const isCaughtUp = head !== undefined && revocations >= head.revocations && keyRings >= head.keyRings
    const sent = performance.now()
    if (isCaughtUp)
      await connection.run(sql`
        insert into brokers (id, version, until, applied, key_rings)
        values (${id}, ${version}, clock_timestamp() + ${LEASE_MS} * interval '1 millisecond', ${revocations}, ${keyRings})
        on conflict (id) do update set until = excluded.until, applied = excluded.applied, key_rings = excluded.key_rings`)
    await connection.command(isCaughtUp ? "commit" : "rollback")
    if (isCaughtUp) this.#heldUntil = sent + LEASE_MS
    return isCaughtUp
  }

  async #readBrokers(): Promise<void> {
    this.#brokers = await this.#options.session.all(sql<BrokerState>`
      select id, version, floor(extract(epoch from until - clock_timestamp()) * 1000)::int as lease, applied
      from brokers where until > clock_timestamp() order by id`)
  }
}
