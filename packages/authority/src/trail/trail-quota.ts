import type { EventDraft } from "@agentwrit/audit"
import type { Claims } from "@agentwrit/core"
import { LRUCache } from "lru-cache"
import type { Change } from "../ports/change.ts"
import type { Clock } from "../ports/clock.ts"
import { Refusal } from "../refusal.ts"
import { rightsOf } from "../rights/rights.ts"
import { TokenBucket } from "./token-bucket.ts"

/**
 * Bytes that one agent or app may add to the trail (CONTRACT 4). A change is smaller than the burst: a body has 1 MiB.
 */
const BURST_BYTES = 8 * 1024 * 1024
const BYTES_PER_SECOND = 64 * 1024

/** What the trail adds to each event: number, time and hashes. */
const CHAINING_BYTES = 256

/** Subjects that are remembered. The least recently used is forgotten first. */
const MAX_SUBJECTS = 50_000

/** Limits what one agent or app can add to the trail, so that it cannot fill the disk. Operators have no limit. */
export class TrailQuota {
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_SUBJECTS })
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws {@link Refusal} `rate_limited` when the change does not fit, with the time until it does. */
  require(subject: string, change: Change): void {
    const now = this.#clock.now()
    const bytes = bytesOf(change)
    const bucket = this.#bucketOf(subject, now)
    if (bucket.take(now, bytes)) return
    throw new Refusal("rate_limited", {
      detail: "this agent or app adds too much to the audit trail",
      retryAfter: Math.ceil(bucket.waitMs(now, bytes) / 1000),
    })
  }

  /** Takes the bytes of these denials; `false` when they do not fit. */
  takeDenials(subject: string, events: readonly EventDraft[]): boolean {
    const now = this.#clock.now()
    return this.#bucketOf(subject, now).take(now, bytesOf({ writes: [], events }))
  }

  #bucketOf(subject: string, now: number): TokenBucket {
    const known = this.#buckets.get(subject)
    if (known !== undefined) return known
    const bucket = new TokenBucket(BURST_BYTES, 1000 / BYTES_PER_SECOND, now)
    this.#buckets.set(subject, bucket)
    return bucket
  }
}

/** Whose quota a caller's changes count for; `undefined` for operators. */
export const payerOf = ({ kind, sub }: Claims): string | undefined => (kind === "admin" ? undefined : sub)

function bytesOf({ events, writes }: Change): number {
  return Buffer.byteLength(JSON.stringify([events, rightsOf(writes)])) + events.length * CHAINING_BYTES
}
