import { setTimeout as pause } from "node:timers/promises"
import { MAX_FEED_ENTRIES } from "@agentwrit/core"
import { LRUCache } from "lru-cache"
import type { AuthorityContext } from "./context.ts"
import { type FeedMessage, signFeedMessage } from "./feed-message.ts"
import { Refusal } from "./refusal.ts"
import { REVOCATION_ERA } from "./store.ts"
import { read } from "./store-read.ts"

/** Milliseconds for which an entry is still told of after it stopped mattering: a verifier's clock may be behind. */
const LATE_CLOCKS = 5 * 60 * 1000

/** Milliseconds for which a made page is given to others: the last page, which has to be fresh, and the ones before it. */
const LAST_PAGE_LIFE = 1000
const PAGE_LIFE = 10_000

/** Characters of made pages that are kept. */
const KEPT_CHARACTERS = 16 * 1024 * 1024

/** The part of the thread that making pages may take, so that whoever asks for ever other positions holds up no one else much. */
const SHARE = 1 / 3

/** Stands for every position that there is not. */
const NOWHERE = -1

/** Pages that may wait to be made; a full one takes milliseconds of the thread that issues tokens. */
const QUEUE_LENGTH = 64

/**
 * Makes the pages of the feed: one at a time, each once for all who ask for the same position, so that however many ask little of
 * the thread is taken.
 */
export class FeedPages {
  #making: Promise<unknown> = Promise.resolve()
  #waiting = 0
  readonly #made = new LRUCache<number, FeedMessage>({
    maxSize: KEPT_CHARACTERS,
    sizeCalculation: ({ jws }) => jws.length,
  })
  /** Milliseconds of the thread that the last page took. */
  #took = 0
  readonly #underWay = new Map<number, Promise<FeedMessage>>()
  readonly #context: AuthorityContext
  readonly #head: () => number

  /** @param head the newest sequence number that there is. */
  constructor(context: AuthorityContext, head: () => number) {
    this.#context = context
    this.#head = head
  }

  /**
   * The page behind a position; one that there is not yet is answered with the first page of a snapshot.
   * @throws {@link Refusal} `unavailable` when too many pages wait to be made.
   */
  at(position: number): Promise<FeedMessage> {
    // All who ask from where the list never was get the same snapshot, made once.
    const since = isPosition(position, this.#head()) ? position : NOWHERE
    const made = this.#made.get(since)
    if (made !== undefined && (made.to !== made.head || made.head === this.#head())) return Promise.resolve(made)
    const underWay = this.#underWay.get(since)
    if (underWay !== undefined) return underWay
    if (this.#waiting >= QUEUE_LENGTH)
      return Promise.reject(new Refusal("unavailable", { detail: "too many ask for the feed", retryAfter: 1 }))
    this.#waiting++
    const page = this.#making.then(() => this.#make(since))
    this.#underWay.set(since, page)
    this.#making = page
      .catch(() => undefined)
      .finally(() => {
        this.#waiting--
        this.#underWay.delete(since)
      })
      .then(() => this.#rest())
    return page
  }

  async #make(since: number): Promise<FeedMessage> {
    const { store, clock } = this.#context
    const reset = since === NOWHERE
    const from = reset ? 0 : since
    const found = await read(this.#context, store.revocationsAfter(from, MAX_FEED_ENTRIES, clock.now() - LATE_CLOCKS))
    const began = performance.now()
    // What is on disk and not told of yet belongs to the next message: a page ahead of the feed would be no position of it.
    const head = Math.min(found.head, this.#head())
    const entries = found.entries.filter(({ seq }) => seq <= head)
    const last = entries.at(-1)
    const to = last !== undefined && entries.length === MAX_FEED_ENTRIES ? last.seq : head
    const page = signFeedMessage(this.#context, { from, to, head, reset, entries })
    this.#took = performance.now() - began
    this.#made.set(since, page, { ttl: to === head ? LAST_PAGE_LIFE : PAGE_LIFE })
    return page
  }

  /** Leaves the thread to others, unless the page was small. */
  async #rest(): Promise<void> {
    const rest = this.#took * (1 / SHARE - 1)
    if (rest >= 1) await pause(rest, undefined, { ref: false })
  }
}

/** Whether a feed at `head` has come past a position: numbers of an era before a restore are not its own, whatever they said. */
function isPosition(since: number, head: number): boolean {
  return since === 0 || (since <= head && since >= head - (head % REVOCATION_ERA))
}
