import { TokenBucket } from "limiter"
import { LRUCache } from "lru-cache"

/** How often something may be done. */
export interface RateLimitTerms {
  /** How often at once. */
  readonly burst: number
  /** How often over time: that many in each interval. */
  readonly times: number
  readonly interval: "second" | "minute"
}

/** Keys whose buckets are kept. The least recently used goes first, so that who keeps asking keeps its limit. */
const MAX_KEYS = 50_000

/** A limit for each key, such as an address, in bounded memory. */
export class RateLimit {
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_KEYS })
  readonly #terms: RateLimitTerms

  constructor(terms: RateLimitTerms) {
    this.#terms = terms
  }

  /** Whether it may be done once more now; if so, it counts. */
  take(key: string): boolean {
    return this.#bucket(key).tryRemoveTokens(1)
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
