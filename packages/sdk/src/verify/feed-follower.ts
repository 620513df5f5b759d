import { MAX_JWS_LENGTH, type RevocationFeed } from "@agentwrit/core"
import type { BrokerClient, Fetch } from "../broker-client.ts"
import { delay } from "../retry.ts"
import { boundedText } from "./bounded-text.ts"
import { revocations as revocationsCall } from "./calls.ts"
import { FeedError, verifyFeedMessage } from "./feed-message.ts"
import { NoStreamError, readFeedStream } from "./feed-stream.ts"
import type { KeySet } from "./key-set.ts"
import type { Revocations } from "./revocations.ts"

/** Milliseconds between polls where no stream is to be had (CONTRACT 5). */
const POLL_INTERVAL = 5_000

/** Milliseconds before the first try to connect again, and at most. They are spread, so that verifiers do not come back as one. */
const FIRST_BACKOFF = 250
const MAX_BACKOFF = 5_000

/** What a {@link FeedFollower} works with. */
export interface FeedFollowerOptions {
  /** For the pages of the feed; it repeats no call. */
  readonly client: BrokerClient
  /** For the stream, which may last for ever. */
  readonly fetch: Fetch
  readonly keys: KeySet
  readonly revocations: Revocations
  readonly maxStalenessMs: number
  readonly signal: AbortSignal
  /** Called whenever the revocations joined up, shut, or could not be reached. */
  readonly changed: () => void
}

/** Follows the feed of revocations: by a stream, and by pages where there is none; connects again for as long as it is not stopped. */
export class FeedFollower {
  readonly #options: FeedFollowerOptions
  #failures = 0
  #streamAgainAt = 0

  constructor(options: FeedFollowerOptions) {
    this.#options = options
  }

  /** Follows until the signal aborts. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#options
    while (!signal.aborted) {
      const pause = await this.#follow()
      await delay(pause, signal).catch(() => undefined)
    }
  }

  /** @returns how long to wait before the next time, in milliseconds. */
  async #follow(): Promise<number> {
    try {
      return performance.now() < this.#streamAgainAt ? await this.#poll() : await this.#stream()
    } catch (error) {
      if (!this.#options.signal.aborted) this.#failed(error)
      return Math.min(MAX_BACKOFF, FIRST_BACKOFF * 2 ** this.#failures++) * (0.5 + Math.random())
    }
  }

  async #stream(): Promise<number> {
    const { client, revocations } = this.#options
    let heard = false
    try {
      const from = { brokerUrl: client.brokerUrl, position: revocations.resume() }
      for await (const jws of readFeedStream({ ...this.#options, ...from })) {
        await this.#take(jws)
        heard = true
      }
    } catch (error) {
      // A stream that went silent after it had worked is a lost connection, and no reason to poll.
      if (!(error instanceof NoStreamError) || heard) throw error
      this.#streamAgainAt = performance.now() + error.pause
      return 0
    }
    revocations.interrupted("the broker ended the stream")
    return FIRST_BACKOFF * (0.5 + Math.random())
  }

  async #poll(): Promise<number> {
    const { client, revocations, signal } = this.#options
    for (let position = revocations.resume(); ; position = revocations.position) {
      const query = { since: position }
      const input = { query, accept: "application/jwt", signal }
      const read = (answer: Response) => boundedText(answer, MAX_JWS_LENGTH, client.brokerUrl)
      const jws = await client.exchange(revocationsCall, input, read)
      const { to, head } = await this.#take(jws)
      if (to === head) return POLL_INTERVAL
    }
  }

  async #take(jws: string): Promise<RevocationFeed> {
    const { keys, revocations, changed } = this.#options
    const message = await keys.verifying((findKey) => verifyFeedMessage(jws, findKey))
    revocations.apply(message)
    this.#failures = 0
    if (message.to === message.head) changed()
    return message
  }

  #failed(error: unknown): void {
    const { revocations, changed } = this.#options
    const reason = error instanceof Error ? error.message : "no reason is known"
    // What does not verify is no one's accident: nothing is accepted until the feed has joined up anew.
    if (error instanceof FeedError) revocations.shut(`the feed of revocations is not believed: ${reason}`)
    else revocations.interrupted(`the feed of revocations cannot be followed: ${reason}`)
    changed()
  }
}
