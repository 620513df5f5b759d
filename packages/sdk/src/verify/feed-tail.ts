import type { RevocationFeedEntry } from "@agentwrit/core"

/** The most entries that are kept. */
const MAX_ENTRIES = 1_024

/**
 * Knows the newest entry of the feed that has not expired, at any time. A verifier that reconnects requests the feed
 * from just before that entry: if the broker does not send it again, its list is another one than before. All later
 * entries have expired or are sent again.
 */
export class FeedTail {
  /**
   * Each entry expires earlier than the one before it: an entry with a later successor that outlives it is never the
   * answer.
   */
  #entries: RevocationFeedEntry[] = []

  add(entry: RevocationFeedEntry): void {
    while (expiryOf(this.#entries.at(-1)) <= expiryOf(entry)) this.#entries.pop()
    this.#entries.push(entry)
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift()
  }

  /**
   * The newest entry that has not expired. When there is none (`undefined`), the feed is requested from its beginning.
   * @param now Unix seconds.
   */
  newest(now: number): RevocationFeedEntry | undefined {
    while (expiryOf(this.#entries.at(-1)) <= now) this.#entries.pop()
    return this.#entries.at(-1)
  }

  clear(): void {
    this.#entries = []
  }
}

/** `NaN` where there is no entry, so that every comparison is false. */
function expiryOf(entry: RevocationFeedEntry | undefined): number {
  if (entry === undefined) return Number.NaN
  return entry.exp ?? Number.POSITIVE_INFINITY
}
