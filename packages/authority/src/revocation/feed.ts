import { type Claims, type RevocationProbe, revocationProbe } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import { requireLease } from "../lease.ts"
import type { RevocationEntry, RevocationFollower } from "../ports/revocation-log.ts"
import { Refusal } from "../refusal.ts"
import { type FeedMessage, signFeedMessage } from "./feed-message.ts"
import { FeedPages } from "./feed-pages.ts"

/** Time between the empty messages that keep followers fresh (CONTRACT 5). */
const HEARTBEAT_INTERVAL_MS = 5_000

/** After this a message is tried again that was due while the lease had lapsed. */
const LAPSED_RETRY_MS = 100

/** Entries of a small page: 16 KB, about the memory of the connection that asks for it. */
const MAX_SMALL_PAGE_ENTRIES = 100

/** A connected client of the feed. */
export interface FeedFollower {
  /** Sends a message; `false` when the client is too slow, and is to be disconnected. */
  send(message: FeedMessage): boolean
  /** Resolves once everything was sent and there is room for a large page; rejects when that takes too long. */
  ready(): Promise<void>
  /** The feed ends for this client; with an error, before its time. */
  end(error?: unknown): void
}

/**
 * The revocation feed (CONTRACT 5): pages on request, and for followers one message for each commit, signed once and
 * sent as soon as the commit is on disk.
 */
export class RevocationFeed implements RevocationFollower {
  #head: number
  /** What follows in the log, and was not sent yet. */
  #unsent: RevocationEntry[] = []
  #retry: NodeJS.Timeout | undefined
  #isClosed = false
  #heartbeat: NodeJS.Timeout | undefined
  readonly #pages: FeedPages
  /** Followers that have reached the head, and those that have not yet. */
  readonly #live = new Set<FeedFollower>()
  readonly #joining = new Set<FeedFollower>()
  /** The tokens of followers who needed one. */
  readonly #tokens = new Map<FeedFollower, RevocationProbe>()
  readonly #context: AuthorityContext

  /** @param head the newest position of the log. */
  constructor(context: AuthorityContext, head: number) {
    this.#context = context
    this.#head = head
    this.#pages = new FeedPages(context, () => this.#head)
  }

  /** Whether the page after a position is small, as it is for clients that missed little. */
  isPageSmall(since: number): boolean {
    return since <= this.#head && this.#head - since <= MAX_SMALL_PAGE_ENTRIES
  }

  /**
   * The page after a position.
   * @throws {@link Refusal} `unavailable` while this broker may miss a revocation.
   */
  async page(since: number, source: string): Promise<FeedMessage> {
    requireLease(this.#context)
    return this.#pages.after(since, source)
  }

  /**
   * Sends everything after a position, then every new revocation: messages without a gap.
   * @param holder claims of the token that the follower needed. The feed ends for it when that token is revoked.
   * @returns stops following.
   * @throws {@link Refusal} `unavailable` after {@link RevocationFeed.close}.
   */
  follow(since: number, source: string, follower: FeedFollower, holder?: Claims): () => void {
    if (this.#isClosed) throw new Refusal("unavailable", { detail: "the broker is stopping", retryAfter: 1 })
    this.#joining.add(follower)
    if (holder !== undefined) this.#tokens.set(follower, revocationProbe(holder))
    this.#join(since, source, follower).catch((error: unknown) => this.#disconnect(follower, error))
    return () => this.#remove(follower)
  }

  append(entries: readonly RevocationEntry[]): void {
    this.#unsent.push(...entries)
    this.#broadcast()
    // The set of revoked tokens follows the same log, and before the feed.
    const { revocations } = this.#context
    for (const [follower, token] of this.#tokens) if (revocations.revokes(token)) this.#disconnect(follower)
  }

  /** Tells every follower at once which keys were retired. Call it when the ring of signing keys changed. */
  refresh(): void {
    this.#pages.clear()
    this.#broadcast()
  }

  /** Ends the feed for all followers; nobody can follow afterwards. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#heartbeat)
    clearTimeout(this.#retry)
    for (const follower of [...this.#live, ...this.#joining]) this.#disconnect(follower)
  }

  async #join(since: number, source: string, follower: FeedFollower): Promise<void> {
    for (let position = since; ; ) {
      if (!this.isPageSmall(position)) await follower.ready()
      if (!this.#joining.has(follower)) return
      requireLease(this.#context)
      const page = await this.#pages.forFollower(position, source)
      if (!this.#joining.has(follower)) return
      if (!follower.send(page)) return this.#disconnect(follower, tooSlow())
      position = page.to
      // Synchronous from here on: no message can come between this page and the live ones.
      if (position === this.#head) return this.#makeLive(follower)
    }
  }

  #makeLive(follower: FeedFollower): void {
    this.#joining.delete(follower)
    this.#live.add(follower)
    this.#heartbeat ??= setInterval(() => this.#broadcast(), HEARTBEAT_INTERVAL_MS).unref()
  }

  /** Sends what was not sent yet. While the lease has lapsed nothing is signed: it would look fresh and may not be. */
  #broadcast(): void {
    clearTimeout(this.#retry)
    if (this.#context.store.lease?.held === false) {
      this.#retry = setTimeout(() => this.#broadcast(), LAPSED_RETRY_MS).unref()
      return
    }
    const [from, entries] = [this.#head, this.#unsent]
    const head = entries.at(-1)?.seq ?? from
    this.#head = head
    this.#unsent = []
    if (this.#live.size === 0) return
    const message = signFeedMessage(this.#context, { from, to: head, head, reset: false, entries })
    for (const follower of this.#live) if (!follower.send(message)) this.#disconnect(follower, tooSlow())
  }

  #disconnect(follower: FeedFollower, error?: unknown): void {
    this.#remove(follower)
    follower.end(error)
  }

  #remove(follower: FeedFollower): void {
    this.#joining.delete(follower)
    this.#live.delete(follower)
    this.#tokens.delete(follower)
    if (this.#live.size > 0) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
  }
}

const tooSlow = (): Refusal => new Refusal("unavailable", { detail: "the follower is too slow" })
