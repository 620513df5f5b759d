import { TokenBucket } from "limiter"
import { LRUCache } from "lru-cache"

/** How often something is allowed. */
export interface RateLimitTerms {
  /** How many at once. */
  readonly burst: number
  /** How many in each interval, over time. */
  readonly times: number
  readonly interval: "second" | "minute"
  /** How long ahead something may be taken, in milliseconds, by those who wait for it. Default: 0. */
  readonly mayOweMs?: number
}

/** How many keys are remembered. The least recently used is forgotten first. */
const MAX_KEYS = 50_000

/** A limit for each key, such as an address, in bounded memory. */
export class RateLimit {
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_KEYS })
  readonly #terms: RateLimitTerms

  constructor(terms: RateLimitTerms) {
    this.#terms = terms
  }

  /** Counts one more, unless the limit is reached. */
  take(key: string): boolean {
    const { mayOweMs = 0 } = this.#terms
    if (this.waitMs(key) > mayOweMs) return false
    this.#bucket(key).content--
    return true
  }

  /** Milliseconds until one more is allowed. */
  waitMs(key: string): number {
    const bucket = this.#bucket(key)
    bucket.drip()
    return Math.max(0, Math.ceil(((1 - bucket.content) * bucket.interval) / bucket.tokensPerInterval))
  }

  #bucket(key: string): TokenBucket {
    const known = this.#buckets.get(key)
    if (known !== undefined) return known
    const { burst, times, interval } = this.#terms
    const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: times, interval })
    bucket.content = burst
    this.#buckets.set(key, bucket)
    return bucket
  }
}
