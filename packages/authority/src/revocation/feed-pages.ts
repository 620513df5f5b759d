import { setTimeout as pause } from "node:timers/promises"
import { MAX_FEED_ENTRIES } from "@agentwrit/core"
import { LRUCache } from "lru-cache"
import type { AuthorityContext } from "../context.ts"
import { FairQueue } from "../fair-queue.ts"
import { UnavailableError } from "../ports/change.ts"
import { REVOCATION_ERA } from "../ports/revocation-log.ts"
import { Refusal } from "../refusal.ts"
import { unreadable } from "../use-case.ts"
import { type FeedMessage, signFeedMessage } from "./feed-message.ts"

/** How long an entry is still sent after it stopped mattering: a verifier's clock may be behind. */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000

/** How long a page is cached. The last page must be fresh; the ones before it do not change. */
const LAST_PAGE_TTL_MS = 1000
const PAGE_TTL_MS = 10_000

/** Total length of the cached pages. */
const MAX_CACHED_CHARACTERS = 16 * 1024 * 1024

/**
 * Pages that may wait to be made; one more is refused. Verifiers behind one address need few different pages: the one
 * where they lost their connection, and the ones from the beginning.
 */
const MAX_WAITING = { perSource: 8, total: 512 }

/**
 * After a page, pause for this multiple of its time: making pages takes at most a third of the thread that issues
 * tokens.
 */
const PAUSE_FACTOR = 2

/** Stands for every position that does not exist. */
const NOWHERE = -1

/** Makes the pages of the feed: one at a time, and each once for all who ask for the same position. */
export class FeedPages {
  readonly #queue = new FairQueue(MAX_WAITING)
  readonly #cache = new LRUCache<number, FeedMessage>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: ({ jws }) => jws.length,
  })
  readonly #inProgress = new Map<number, Promise<FeedMessage>>()
  #pauseUntil = 0
  readonly #context: AuthorityContext
  readonly #head: () => number

  /** @param head the newest position of the log. */
  constructor(context: AuthorityContext, head: () => number) {
    this.#context = context
    this.#head = head
  }

  /**
   * The page after a position; after a position that does not exist, the first page of a snapshot.
   * @throws {@link Refusal} `unavailable` when too many pages wait to be made.
   */
  async after(position: number, source: string): Promise<FeedMessage> {
    const since = this.#existing(position)
    const page = this.#available(since)
    if (page === undefined && !this.#queue.hasRoom(source))
      throw new Refusal("unavailable", { detail: "too many requests for the feed are waiting", retryAfter: 1 })
    return page ?? this.#enqueue(since, source)
  }

  /** The same for a follower, which waits for its turn: the number of followers is limited already. */
  async forFollower(position: number, source: string): Promise<FeedMessage> {
    const since = this.#existing(position)
    return this.#available(since) ?? this.#enqueue(since, `followers from ${source}`)
  }

  /** One key for all positions that do not exist, so that their snapshot is made once. */
  #existing(position: number): number {
    return isPosition(position, this.#head()) ? position : NOWHERE
  }

  /** A page that is cached, in progress, or empty because the position is the head. */
  #available(since: number): FeedMessage | Promise<FeedMessage> | undefined {
    const head = this.#head()
    const cached = this.#cache.get(since)
    if (cached !== undefined && (cached.to !== cached.head || cached.head === head)) return cached
    if (since !== head) return this.#inProgress.get(since)
    return this.#keep(since, signFeedMessage(this.#context, { from: head, to: head, head, reset: false, entries: [] }))
  }

  /** Forgets every page: the cached ones lack the keys that were retired since. */
  clear(): void {
    this.#cache.clear()
  }

  #enqueue(since: number, source: string): Promise<FeedMessage> {
    const page = this.#queue.run(source, () => this.#make(since)).finally(() => this.#inProgress.delete(since))
    this.#inProgress.set(since, page)
    return page
  }

  async #make(since: number): Promise<FeedMessage> {
    const rest = this.#pauseUntil - performance.now()
    if (rest >= 1) await pause(rest, undefined, { ref: false })
    const { store, clock } = this.#context
    const reset = since === NOWHERE
    const from = reset ? 0 : since
    const found = await store.revocations
      .page(from, MAX_FEED_ENTRIES, clock.now() - CLOCK_TOLERANCE_MS)
      .catch((error: unknown) => {
        throw error instanceof UnavailableError ? unreadable(this.#context, error) : error
      })
    const began = performance.now()
    // Entries that are on disk but not yet announced belong to the next message: no position may be ahead of the feed.
    const head = Math.min(found.head, this.#head())
    const entries = found.entries.filter(({ seq }) => seq <= head)
    const last = entries.at(-1)
    const to = last !== undefined && entries.length === MAX_FEED_ENTRIES ? last.seq : head
    const page = signFeedMessage(this.#context, { from, to, head, reset, entries })
    const ended = performance.now()
    this.#pauseUntil = ended + PAUSE_FACTOR * (ended - began)
    return this.#keep(since, page)
  }

  #keep(since: number, page: FeedMessage): FeedMessage {
    this.#cache.set(since, page, { ttl: page.to === page.head ? LAST_PAGE_TTL_MS : PAGE_TTL_MS })
    return page
  }
}

/** Whether a feed at `head` has passed this position. Positions of an era before a restore are not its own. */
function isPosition(since: number, head: number): boolean {
  return since === 0 || (since <= head && since >= head - (head % REVOCATION_ERA))
}
