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

/** Seconds for which an entry is kept after it stopped mattering: a clock may have been stepped. */
const KEPT_AFTER_EXPIRY = 300

/** Slots of the set that are looked through for expired entries after each message. */
const SWEEP = 16_384

/** Seconds by which a message that joins may be older than the one before: the broker gives its newest page to others for one. */
const PAGE_AGE = 1

/** Seconds by which a message may be ahead of this clock: beyond them the clock is wrong, and could not tell what is stale. */
const MAX_AHEAD = FEED_FRESHNESS_S

/** Terms of {@link Revocations}, in their units. */
export interface RevocationTerms {
  readonly maxStalenessMs: number
  readonly clockToleranceS: number
}

/** What the feed has told, and whether it may be relied on (CONTRACT 5). */
export class Revocations {
  readonly #set = new RevocationSet()
  readonly #tail = new FeedTail()
  readonly #terms: RevocationTerms
  #position = 0
  /** The entry that the next message has to begin with, unless it is a reset. */
  #expected: RevocationFeedEntry | undefined
  #joined = false
  /** Signing time of the newest message that joined up at the head, in Unix seconds. */
  #signedAt = Number.NEGATIVE_INFINITY
  /** Until when that message lets tokens be accepted: by the clock, in Unix ms, and by the time that passes, as `performance.now()`. */
  #freshUntil = 0
  #trustedUntil = 0
  #version = 0
  #fault = "the feed of revocations has not been reached yet"

  constructor(terms: RevocationTerms) {
    this.#terms = terms
  }

  /** The sequence number up to which everything is known. */
  get position(): number {
    return this.#position
  }

  /**
   * Where to go on after the connection was lost: just before the newest entry that is held and still matters. A broker that does not
   * tell that entry again has another list, which its numbers alone would not show: a database that was put back to an older copy and
   * has grown since.
   */
  resume(): number {
    this.#expected = this.#tail.newest(Date.now() / 1000)
    this.#position = this.#expected === undefined ? 0 : this.#expected.seq - 1
    return this.#position
  }

  /** Grows with every entry: what was looked up under the same version need not be looked up again. */
  get version(): number {
    return this.#version
  }

  /** How many entries are held. */
  get size(): number {
    return this.#set.size
  }

  has(digest: Uint8Array): boolean {
    return this.#set.has(digest)
  }

  /**
   * Takes a verified message in. A reset only adds: what is held stays until its expiry.
   * @throws {@link FeedError} when it does not go on where this stands, or was signed before what is known already.
   */
  apply({ from, to, head, reset, entries, iat, fresh_until }: RevocationFeed): void {
    if (from !== this.#position && !reset)
      throw new FeedError(`a message begins at ${from}, and ${this.#position} is reached`)
    const now = Date.now()
    const joins = to === head
    if (joins && iat < this.#signedAt - PAGE_AGE)
      throw new FeedError(`a message is ${this.#signedAt - iat} s older than the one before it`)
    if (iat > now / 1000 + MAX_AHEAD)
      throw new FeedError(
        `a message was signed ${Math.floor(iat - now / 1000)} s in the future: one of the clocks is wrong`,
      )
    this.#expectSameList(reset, entries)
    for (const entry of entries) {
      this.#set.add(digestOf(entry.digest), entry.exp)
      this.#tail.add(entry)
    }
    if (entries.length > 0) this.#version++
    this.#position = to
    this.#joined = joins
    if (joins) this.#trust(iat, fresh_until)
    else this.#fault = `the feed of revocations is being read: ${to} of ${head}`
    // By the earlier of both clocks: while this one is ahead nothing is accepted, and what it makes forgotten is missed once it is right.
    this.#set.pruneExpired(Math.min(now / 1000, iat) - this.#terms.clockToleranceS - KEPT_AFTER_EXPIRY, SWEEP)
  }

  /** Accepts nothing until a message joins up again. */
  shut(fault: string): void {
    this.#joined = false
    this.#fault = fault
  }

  /** Notes why the feed brings nothing; what is known stays good for as long as it is fresh. */
  interrupted(fault: string): void {
    this.#fault = fault
  }

  /** Why no token may be accepted now; `undefined` when tokens may. */
  get unavailable(): VerifierUnavailableError | undefined {
    if (!this.#joined) return new VerifierUnavailableError("feed_not_joined", this.#fault)
    const late = Date.now() - this.#freshUntil
    if (late < 0 && performance.now() < this.#trustedUntil) return undefined
    const fault = `the newest message of the feed stopped being fresh ${Math.ceil(Math.max(late, 0) / 1000)} s ago`
    return new VerifierUnavailableError("feed_stale", this.#fault === "" ? fault : `${fault}: ${this.#fault}`)
  }

  #expectSameList(reset: boolean, [first]: readonly RevocationFeedEntry[]): void {
    const expected = this.#expected
    this.#expected = undefined
    if (reset) this.#tail.clear()
    if (reset || expected === undefined) return
    if (first?.seq === expected.seq && first.digest === expected.digest) return
    // Without it the next try begins at the beginning.
    this.#tail.clear()
    throw new FeedError(
      `the broker's list of revocations is not the one that was followed: entry ${expected.seq} is another`,
    )
  }

  #trust(iat: number, freshUntil: number): void {
    const { maxStalenessMs } = this.#terms
    this.#signedAt = Math.max(iat, this.#signedAt)
    this.#freshUntil = Math.min(freshUntil * 1000, iat * 1000 + maxStalenessMs)
    // A clock that is set back, or that is behind, must not make an old message fresh again.
    this.#trustedUntil = performance.now() + Math.min(FEED_FRESHNESS_S * 1000, maxStalenessMs)
    this.#fault = ""
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
