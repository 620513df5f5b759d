import type { RevocationFeedEntry } from "@agentwrit/core"

/** Entries that are kept at the most: as many only when each of them expires before the one before it. */
const MAX_ENTRIES = 1_024

/**
 * The end of the feed as it was told: the newest entry that still matters, now and whenever the newer ones have expired. Asking from
 * just before it brings it again, unless the broker's list is another than the one that was followed; and what came after it
 * matters no more, or is told again.
 */
export class FeedTail {
  /** The later an entry, the earlier it expires. */
  #entries: RevocationFeedEntry[] = []

  add(entry: RevocationFeedEntry): void {
    while (expiryOf(this.#entries.at(-1)) <= expiryOf(entry)) this.#entries.pop()
    this.#entries.push(entry)
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift()
  }

  /**
   * The newest entry that still matters; `undefined` when none does: then nothing is lost by asking from the beginning.
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

/** Not a number where there is no entry: no comparison with it holds. */
function expiryOf(entry: RevocationFeedEntry | undefined): number {
  if (entry === undefined) return Number.NaN
  return entry.exp ?? Number.POSITIVE_INFINITY
}
