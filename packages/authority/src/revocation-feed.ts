import type { AuthorityContext } from "./context.ts"
import { type FeedMessage, signFeedMessage } from "./feed-message.ts"
import { FeedPages } from "./feed-pages.ts"
import type { ListedRevocation } from "./records.ts"
import { Refusal } from "./refusal.ts"

/** Milliseconds between the empty messages that keep followers fresh (CONTRACT 5). */
const HEARTBEAT = 5_000

/** Entries of a page that there is always room for: those are 16 KB, about what the connection that asks takes. */
const NEAR = 100

/** Who follows the feed. */
export interface FeedFollower {
  /** Takes a message; `false` when it does not keep up, and is to be let go. */
  send(message: FeedMessage): boolean
  /** Answers once it has taken what it was sent and there is room for a large page; rejects when that takes too long. */
  ready(): Promise<void>
  /** The feed ends here, in the middle of it when there is an error. */
  end(error?: unknown): void
}

/**
 * The feed of revocations (CONTRACT 5): pages for those who ask, and for followers each commit's revocations in one message,
 * signed once, in the moment in which they are on disk.
 */
export class RevocationFeed {
  #head: number
  #closed = false
  #heartbeat: NodeJS.Timeout | undefined
  readonly #pages: FeedPages
  /** Those who have joined up at the head, and those who have yet to. */
  readonly #live = new Set<FeedFollower>()
  readonly #joining = new Set<FeedFollower>()
  readonly #context: AuthorityContext

  /** @param head the newest sequence number that there is. */
  constructor(context: AuthorityContext, head: number) {
    this.#context = context
    this.#head = head
    this.#pages = new FeedPages(context, () => this.#head)
  }

  /** Whether the page behind a position is small, as it is for those who missed little. */
  isNear(since: number): boolean {
    return since <= this.#head && this.#head - since <= NEAR
  }

  /** The page behind a position. */
  page(since: number, source: string): Promise<FeedMessage> {
    return this.#pages.at(since, source)
  }

  /**
   * Sends everything behind a position, and from then on what is listed as it commits: one gapless run of messages.
   * @returns ends the following.
   */
  follow(since: number, source: string, follower: FeedFollower): () => void {
    if (this.#closed) throw new Refusal("unavailable", { detail: "the broker is stopping", retryAfter: 1 })
    this.#joining.add(follower)
    this.#join(since, source, follower).catch((error: unknown) => this.#letGo(follower, error))
    return () => this.#forget(follower)
  }

  /** Revocations that are on disk now, in the order of their numbers. */
  listed(entries: readonly ListedRevocation[]): void {
    const head = entries.at(-1)?.seq
    if (head === undefined) return
    const from = this.#head
    this.#head = head
    this.#tell(from, entries)
  }

  /** Ends all following. */
  close(): void {
    this.#closed = true
    clearInterval(this.#heartbeat)
    for (const follower of [...this.#live, ...this.#joining]) this.#letGo(follower)
  }

  async #join(since: number, source: string, follower: FeedFollower): Promise<void> {
    for (let position = since; ; ) {
      if (!this.isNear(position)) await follower.ready()
      if (!this.#joining.has(follower)) return
      const page = await this.#pages.forFollower(position, source)
      if (!this.#joining.has(follower)) return
      if (!follower.send(page)) return this.#letGo(follower, doesNotKeepUp())
      position = page.to
      // From here to the next line nothing can be told, so that no message falls between the page and the live ones.
      if (position === this.#head) return this.#makeLive(follower)
    }
  }

  #makeLive(follower: FeedFollower): void {
    this.#joining.delete(follower)
    this.#live.add(follower)
    this.#heartbeat ??= setInterval(() => this.#tell(this.#head, []), HEARTBEAT).unref()
  }

  #tell(from: number, entries: readonly ListedRevocation[]): void {
    if (this.#live.size === 0) return
    const message = signFeedMessage(this.#context, { from, to: this.#head, head: this.#head, reset: false, entries })
    for (const follower of this.#live) if (!follower.send(message)) this.#letGo(follower, doesNotKeepUp())
  }

  #letGo(follower: FeedFollower, error?: unknown): void {
    this.#forget(follower)
    follower.end(error)
  }

  #forget(follower: FeedFollower): void {
    this.#joining.delete(follower)
    this.#live.delete(follower)
    if (this.#live.size > 0) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
  }
}

const doesNotKeepUp = (): Refusal => new Refusal("unavailable", { detail: "does not keep up" })
