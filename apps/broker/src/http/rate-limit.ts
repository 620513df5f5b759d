import { TokenBucket } from "@agentwrit/authority"
import { LRUCache } from "lru-cache"

/** How often something is allowed. */
export interface RateLimitTerms {
  /** How many at once. */
  readonly burst: number
  /** Milliseconds until one more is allowed. */
  readonly refillMs: number
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
    return this.#bucket(key).take(performance.now(), 1, this.#terms.mayOweMs)
  }

  /** Milliseconds until one more is allowed. */
  waitMs(key: string): number {
    return Math.ceil(this.#bucket(key).waitMs(performance.now()))
  }

  #bucket(key: string): TokenBucket {
    const known = this.#buckets.get(key)
    if (known !== undefined) return known
    const { burst, refillMs } = this.#terms
    const bucket = new TokenBucket(burst, refillMs, performance.now())
    this.#buckets.set(key, bucket)
    return bucket
  }
}
