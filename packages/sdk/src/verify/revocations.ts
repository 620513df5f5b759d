import {
  CoreError,
  decodeBase64Url,
  FEED_FRESHNESS_S,
  type RevocationFeed,
  type RevocationFeedEntry,
  RevocationSet,
} from "@agentwrit/core"
import { VerifierUnavailableError } from "./errors.ts"
import { FeedError } from "./feed-message.ts"
import { FeedTail } from "./feed-tail.ts"
import type { VerifierTerms } from "./options.ts"

/** An entry is kept for this time after it expired, because a clock may have been set. */
const KEPT_AFTER_EXPIRY_S = 300

/** Slots of the set that are searched for expired entries after each message. */
const PRUNED_SLOTS = 16_384

/** A message may be older than the one before by this time, for which the broker caches its newest page. */
const PAGE_TTL_S = 1

/** A message may be ahead of this clock by this time. Beyond it, the clock is wrong and cannot tell what is stale. */
const MAX_AHEAD_S = FEED_FRESHNESS_S

/** Where one reader of the feed is. Two may read at once: a poll beside a stream that a proxy holds back. */
export interface FeedCursor {
  /** The sequence number that the reader's next message must begin at, unless it is a reset. */
  position: number
  /** The entry that the next message must begin with, unless it is a reset. */
  expected: RevocationFeedEntry | undefined
  /** When the reader's newest message that reached the head was signed, in Unix seconds. */
  signedAt: number
}

type RevocationTerms = Pick<VerifierTerms, "maxStalenessMs">

/** The revocations of the feed, and whether they are fresh (CONTRACT 5). */
export class Revocations {
  /** The revocations that are known. */
  readonly set: RevocationSet = new RevocationSet()
  readonly #tail = new FeedTail()
  readonly #terms: RevocationTerms
  #position = 0
  #isAtHead = false
  /** When the newest message that reached the head was signed, in Unix seconds. */
  #signedAt = Number.NEGATIVE_INFINITY
  /**
   * When that message becomes stale: by the wall clock in Unix milliseconds, and by the monotonic one as
   * `performance.now()`.
   */
  #freshUntil = 0
  #trustedUntil = 0
  #version = 0
  #fault = "the revocation feed has not been reached yet"
  #isRefused = false

  constructor(terms: RevocationTerms) {
    this.#terms = terms
  }

  /**
   * The cursor of a new reader. It begins at the position to continue from after a lost connection: just before the
   * newest entry that has not expired. A broker that does not send this entry again has another list than before, for
   * example after its database was replaced by an older copy. The numbers alone would not show that.
   */
  resume(): FeedCursor {
    const expected = this.#tail.newest(Date.now() / 1000)
    return { position: expected === undefined ? 0 : expected.seq - 1, expected, signedAt: this.#signedAt }
  }

  /** Grows with new entries. A lookup under the same version has the same result. */
  get version(): number {
    return this.#version
  }

  /**
   * Applies a verified message of a reader. A reset only adds: known entries stay until they expire.
   * @throws {@link FeedError} when it does not continue where the reader is, or was signed before the reader's last
   * one.
   */
  apply({ from, to, head, reset, entries, iat, fresh_until }: RevocationFeed, cursor: FeedCursor): void {
    if (from !== cursor.position && !reset)
      throw new FeedError(`a message begins at ${from} instead of ${cursor.position}`)
    const now = Date.now()
    const isAtHead = to === head
    if (isAtHead && iat < cursor.signedAt - PAGE_TTL_S)
      throw new FeedError(`a message is ${cursor.signedAt - iat} s older than the one before it`)
    if (iat > now / 1000 + MAX_AHEAD_S)
      throw new FeedError(
        `a message was signed ${Math.floor(iat - now / 1000)} s in the future: one of the clocks is wrong`,
      )
    this.#expectSameList(cursor, reset, entries)
    for (const entry of entries) {
      this.set.apply({ ...entry, digest: digestOf(entry.digest) }, entry.exp)
      if (reset || entry.seq > this.#position) this.#tail.add(entry)
    }
    if (entries.length > 0) this.#version++
    cursor.position = to
    if (isAtHead) cursor.signedAt = Math.max(iat, cursor.signedAt)
    // The other reader is ahead.
    if (!reset && to < this.#position) return
    this.#position = to
    this.#isAtHead = isAtHead
    if (isAtHead) this.#trust(iat, fresh_until)
    else this.#fault = `the revocation feed is being read: ${to} of ${head}`
    // By the earlier clock: entries removed by a clock that is ahead would be missing when it is correct again.
    this.set.pruneExpired(Math.min(now / 1000, iat) - KEPT_AFTER_EXPIRY_S, PRUNED_SLOTS)
  }

  /** Accepts nothing until a message reaches the head again. */
  invalidate(fault: string): void {
    this.#isAtHead = false
    // The next reader may find a shorter list.
    this.#position = 0
    this.noteFault(fault)
  }

  /**
   * Notes why the feed is interrupted. The known entries stay valid as long as they are fresh.
   * @param isRefused whether the broker refuses the feed to this verifier.
   */
  noteFault(fault: string, isRefused = false): void {
    this.#fault = fault
    this.#isRefused = isRefused
  }

  /** Why no token may be accepted now; `undefined` when tokens may be. */
  get unavailable(): VerifierUnavailableError | undefined {
    const late = Date.now() - this.#freshUntil
    if (this.#isAtHead && late < 0 && performance.now() < this.#trustedUntil) return undefined
    if (this.#isRefused) return new VerifierUnavailableError("feed_refused", this.#fault)
    if (!this.#isAtHead) return new VerifierUnavailableError("feed_not_joined", this.#fault)
    const fault = `the newest message of the feed stopped being fresh ${Math.ceil(Math.max(late, 0) / 1000)} s ago`
    return new VerifierUnavailableError("feed_stale", this.#fault === "" ? fault : `${fault}: ${this.#fault}`)
  }

  #expectSameList(cursor: FeedCursor, reset: boolean, [first]: readonly RevocationFeedEntry[]): void {
    const { expected } = cursor
    cursor.expected = undefined
    if (reset) this.#tail.clear()
    if (reset || expected === undefined) return
    if (first?.seq === expected.seq && first.digest === expected.digest) return
    // The next attempt starts from the beginning.
    this.#tail.clear()
    throw new FeedError(`the broker's revocation list has been replaced: entry ${expected.seq} is another one`)
  }

  #trust(iat: number, freshUntil: number): void {
    if (iat < this.#signedAt - PAGE_TTL_S) return
    const { maxStalenessMs } = this.#terms
    this.#signedAt = Math.max(iat, this.#signedAt)
    this.#freshUntil = Math.min(freshUntil * 1000, iat * 1000 + maxStalenessMs)
    // The monotonic clock, so that a wall clock that is set back does not make an old message fresh again.
    this.#trustedUntil = performance.now() + Math.min(FEED_FRESHNESS_S * 1000, maxStalenessMs)
    this.noteFault("")
  }
}

function digestOf(text: string): Uint8Array {
  try {
    return decodeBase64Url(text)
  } catch (cause) {
    if (!(cause instanceof CoreError)) throw cause
    throw new FeedError("a digest is not 32 bytes in base64url", { cause })
  }
}
