import { setTimeout as pause } from "node:timers/promises"
import { MAX_FEED_ENTRIES } from "@agentwrit/core"
import { LRUCache } from "lru-cache"
import type { AuthorityContext } from "./context.ts"
import { type FeedMessage, signFeedMessage } from "./feed-message.ts"
import { Refusal } from "./refusal.ts"
import { REVOCATION_ERA } from "./store.ts"
import { read } from "./store-read.ts"
import { Turns } from "./turns.ts"

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

/**
 * Pages that may wait to be made, each once for all who ask for it. A full one takes milliseconds of the thread that issues tokens.
 * Verifiers behind one address ask for few different ones: those that lost their connection for that at which they lost it, and new
 * ones for the same from the beginning. With all that 64 sources may ask for waiting, one more waits for a page of each, 2 s.
 */
const WAITING = { ofSource: 8, inAll: 512 }

/** A page that waits to be made, and for whom. */
interface PageUnderWay extends PromiseWithResolvers<FeedMessage> {
  readonly sources: Set<string>
}

/**
 * Makes the pages of the feed: one at a time, in turns among the sources that ask, and each once for all who ask for the same position,
 * so that however many ask little of the thread is taken.
 */
export class FeedPages {
  readonly #turns = new Turns(WAITING)
  readonly #made = new LRUCache<number, FeedMessage>({
    maxSize: KEPT_CHARACTERS,
    sizeCalculation: ({ jws }) => jws.length,
  })
  /** Milliseconds of the thread that the last page took. */
  #took = 0
  readonly #underWay = new Map<number, PageUnderWay>()
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
  async at(position: number, source: string): Promise<FeedMessage> {
    const since = this.#existing(position)
    const page = this.#ready(since)
    if (page !== undefined) return page
    if (this.#turns.hasRoom(source)) return this.#inTurn(since, source)
    const underWay = this.#underWay.get(since)
    if (underWay !== undefined) return underWay.promise
    throw new Refusal("unavailable", { detail: "too many ask for the feed", retryAfter: 1 })
  }

  /**
   * The same for a follower, which waits for it: how many do is bounded by the room for their pages. Those of a source have a turn of
   * their own, beside that of who asks for pages alone.
   */
  async forFollower(position: number, source: string): Promise<FeedMessage> {
    const since = this.#existing(position)
    return this.#ready(since) ?? this.#inTurn(since, `followers from ${source}`)
  }

  /** All who ask from where the list never was get the same snapshot, made once. */
  #existing(position: number): number {
    return isPosition(position, this.#head()) ? position : NOWHERE
  }

  /** A page that nobody has to wait for: one that is made, or the empty one at the head, by which all stay fresh. */
  #ready(since: number): FeedMessage | undefined {
    const head = this.#head()
    const made = this.#made.get(since)
    if (made !== undefined && (made.to !== made.head || made.head === head)) return made
    if (since !== head) return undefined
    return this.#keep(since, signFeedMessage(this.#context, { from: head, to: head, head, reset: false, entries: [] }))
  }

  #inTurn(since: number, source: string): Promise<FeedMessage> {
    const underWay = this.#underWay.get(since) ?? { ...Promise.withResolvers<FeedMessage>(), sources: new Set() }
    this.#underWay.set(since, underWay)
    // In a turn of each who asks for it: behind all that another asked for it could wait long.
    if (!underWay.sources.has(source)) void this.#turns.do(source, () => this.#settle(since))
    underWay.sources.add(source)
    return underWay.promise
  }

  async #settle(since: number): Promise<void> {
    const underWay = this.#underWay.get(since)
    // It was made in another's turn.
    if (underWay === undefined) return
    const made = this.#make(since).finally(() => this.#underWay.delete(since))
    await made.then(underWay.resolve, underWay.reject)
    await this.#rest()
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
    return this.#keep(since, page)
  }

  #keep(since: number, page: FeedMessage): FeedMessage {
    this.#made.set(since, page, { ttl: page.to === page.head ? LAST_PAGE_LIFE : PAGE_LIFE })
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
