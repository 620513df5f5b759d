import type { EventDraft } from "@agentwrit/audit"
import type { Claims } from "@agentwrit/core"
import { LRUCache } from "lru-cache"
import type { Clock } from "../ports/clock.ts"
import { Refusal } from "../refusal.ts"
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

/** Whose quota a change counts for. */
export interface QuotaSubject {
  readonly name: string
  /** The part of an agent's or app's quota that the subject has. Default: 1. */
  readonly part?: number
}

/** Bytes that were taken for a change. */
export interface Charge {
  /** Gives them back, because nothing was committed. */
  release(): void
}

/** Limits what one agent or app can add to the trail, so that it cannot fill the disk. Operators have no limit. */
export class TrailQuota {
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_SUBJECTS })
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Takes the bytes of these events from the quota of each subject.
   * @throws {@link Refusal} `rate_limited` when they do not fit, with the time until they do.
   */
  acquire(subjects: readonly QuotaSubject[], events: readonly EventDraft[]): Charge {
    if (subjects.length === 0) return NOTHING
    const now = this.#clock.now()
    const bytes = bytesOf(events)
    const taken: TokenBucket[] = []
    const release = (): void => {
      for (const bucket of taken) bucket.release(bytes)
    }
    for (const subject of subjects) {
      const bucket = this.#bucketOf(subject, now)
      if (!bucket.take(now, bytes)) {
        release()
        throw new Refusal("rate_limited", {
          detail: "this agent or app adds too much to the audit trail",
          retryAfter: Math.ceil(bucket.waitMs(now, bytes) / 1000),
        })
      }
      taken.push(bucket)
    }
    return { release }
  }

  /** Takes the bytes of these denials; `false` when they do not fit. */
  acquireDenials(name: string, events: readonly EventDraft[]): boolean {
    const now = this.#clock.now()
    return this.#bucketOf({ name }, now).take(now, bytesOf(events))
  }

  #bucketOf({ name, part = 1 }: QuotaSubject, now: number): TokenBucket {
    const known = this.#buckets.get(name)
    if (known !== undefined) return known
    const bucket = new TokenBucket(BURST_BYTES * part, 1000 / (BYTES_PER_SECOND * part), now)
    this.#buckets.set(name, bucket)
    return bucket
  }
}

const NOTHING: Charge = { release: () => undefined }

/** Whose quota a caller's changes count for; nobody's for operators. */
export const quotaOf = ({ kind, sub }: Claims): readonly QuotaSubject[] => (kind === "admin" ? [] : [{ name: sub }])

const bytesOf = (events: readonly EventDraft[]): number =>
  events.reduce((bytes, event) => bytes + jsonLength(event) + CHAINING_BYTES, 0)

/** About the length of a value's JSON. Making the JSON for its length would cost ten times as much. */
function jsonLength(value: unknown): number {
  if (typeof value === "string") return value.length + 3
  if (value === undefined) return 0
  if (typeof value !== "object" || value === null) return 8
  let length = 2
  if (Array.isArray(value)) for (const item of value) length += jsonLength(item)
  else for (const [name, member] of Object.entries(value)) length += name.length + 4 + jsonLength(member)
  return length
}
