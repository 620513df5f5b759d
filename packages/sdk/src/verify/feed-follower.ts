import { MAX_JWS_LENGTH, type RevocationFeed } from "@agentwrit/core"
import type { BrokerClient } from "../broker-client.ts"
import { BrokerError } from "../errors.ts"
import { delay } from "../retry.ts"
import { boundedText } from "./bounded-text.ts"
import { revocations as revocationsCall } from "./calls.ts"
import { FeedError, verifyFeedMessage } from "./feed-message.ts"
import { type FeedStreamOptions, NoStreamError, readFeedStream } from "./feed-stream.ts"
import type { KeySet } from "./key-set.ts"
import type { FeedCursor, Revocations } from "./revocations.ts"

/** Between two polls where there is no stream (CONTRACT 5). */
const POLL_INTERVAL_MS = 5_000

/**
 * How long a stream may take for its first message before the feed is polled beside it: a proxy may hold it back
 * (CONTRACT 5).
 */
const FIRST_MESSAGE_MS = 1_000

/** Before the first reconnection, and at most. Each wait is random, so that verifiers do not reconnect together. */
const FIRST_BACKOFF_MS = 250
const MAX_BACKOFF_MS = 5_000

/** After a refusal. An operator has to change something first, and each attempt leaves an event in the trail. */
const REFUSED_PAUSE_MS = 15_000

export interface FeedFollowerOptions extends FeedStreamOptions {
  /** Polls the pages of the feed. It does not repeat calls. */
  readonly client: BrokerClient
  readonly keys: KeySet
  readonly revocations: Revocations
  /** Called when the revocations have reached the head, became invalid, or could not be reached. */
  readonly changed: () => void
}

/**
 * Follows the revocation feed by a stream, or by polling where there is no stream. It reconnects until it is stopped.
 */
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

  /** @returns the milliseconds to wait before the next time. */
  async #follow(): Promise<number> {
    try {
      return performance.now() < this.#streamAgainAt ? await this.#poll(this.#options.signal) : await this.#stream()
    } catch (error) {
      if (!this.#options.signal.aborted) this.#noteFailure(error)
      if (isRefusal(error)) return REFUSED_PAUSE_MS
      return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures++) * (0.5 + Math.random())
    }
  }

  async #stream(): Promise<number> {
    const { revocations, signal } = this.#options
    const cursor = revocations.resume()
    const first = new AbortController()
    const polling = this.#pollUntil(AbortSignal.any([signal, first.signal]))
    let isWorking = false
    try {
      for await (const jws of readFeedStream(this.#options, cursor.position)) {
        first.abort()
        await this.#apply(jws, cursor)
        isWorking = true
      }
    } catch (error) {
      // A stream that worked before it became silent is a lost connection, not a reason to poll.
      if (!(error instanceof NoStreamError) || isWorking) throw error
      this.#streamAgainAt = performance.now() + error.pause
      return 0
    } finally {
      first.abort()
      await polling
    }
    revocations.noteFault("the broker ended the stream")
    return FIRST_BACKOFF_MS * (0.5 + Math.random())
  }

  /** Polls until the signal aborts. Never rejects. */
  async #pollUntil(signal: AbortSignal): Promise<void> {
    for (let pause = FIRST_MESSAGE_MS; !signal.aborted; pause = POLL_INTERVAL_MS)
      try {
        await delay(pause, signal)
        await this.#poll(signal)
      } catch (error) {
        if (!signal.aborted) this.#noteFailure(error)
      }
  }

  async #poll(signal: AbortSignal): Promise<number> {
    const { authorized, brokerUrl, client, revocations } = this.#options
    for (const cursor = revocations.resume(); ; ) {
      const query = { since: cursor.position }
      const read = (answer: Response) => boundedText(answer, MAX_JWS_LENGTH, brokerUrl)
      const ask = (bearer?: string) => {
        const input = { query, accept: "application/jwt", signal, ...(bearer !== undefined && { bearer }) }
        return client.exchange(revocationsCall, input, read)
      }
      const { to, head } = await this.#apply(await authorized(signal, ask), cursor)
      if (to === head) return POLL_INTERVAL_MS
    }
  }

  async #apply(jws: string, cursor: FeedCursor): Promise<RevocationFeed> {
    const { keys, revocations, changed } = this.#options
    const message = await keys.verifying((findKey) => verifyFeedMessage(jws, findKey))
    revocations.apply(message, cursor)
    if (message.retired !== undefined) keys.forget(message.retired)
    this.#failures = 0
    if (message.to === message.head) changed()
    return message
  }

  #noteFailure(error: unknown): void {
    const { revocations, changed } = this.#options
    const reason = error instanceof Error ? error.message : "unknown reason"
    const isRefused = isRefusal(error)
    const hint = isRefused ? ": give the verifier clientId and clientSecret of an app of role verifier" : ""
    // A message that does not verify is not an accident: accept nothing until the feed has reached its head again.
    if (error instanceof FeedError) revocations.invalidate(`the revocation feed does not verify: ${reason}`)
    else revocations.noteFault(`the revocation feed cannot be followed: ${reason}${hint}`, isRefused)
    changed()
  }
}

/** Whether the broker refuses the feed, or the sign-in, to this verifier. */
const isRefusal = (error: unknown): boolean =>
  error instanceof BrokerError && (error.status === 401 || error.status === 403)
