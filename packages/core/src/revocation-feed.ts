import type { RevocationLevel } from "./revocation.ts"

/** The `typ` of a feed message's JWS header (CONTRACT 5). */
export const REVOCATION_FEED_TYPE = "agentwrit-revocations+jwt"

/** The most entries of a feed message (CONTRACT 5). */
export const MAX_FEED_ENTRIES = 5_000

/** For how many seconds after its `iat` a feed message is fresh (CONTRACT 5). */
export const FEED_FRESHNESS_S = 30

/** One revocation in the feed, with its signed names. */
export interface RevocationFeedEntry {
  seq: number
  level: RevocationLevel
  /** Base64url SHA-256 of `agentwrit-revocation-v1:{level}:{target}`. */
  digest: string
  /** Unix seconds from which the entry no longer matters; `null` is never. */
  exp: number | null
  /** Levels `app` and `all` only: Unix seconds; tokens whose `iat` is not later are revoked. */
  before?: number
  /** Level `token` only: the token was renewed or released, and what was delegated from it lives on. */
  alone?: boolean
}

/** The payload of a feed message, with its signed names (CONTRACT 5). */
export interface RevocationFeed {
  /** The entries are those with `from` < `seq` <= `to`. */
  from: number
  to: number
  /** The highest sequence number of all. */
  head: number
  /** True on the first message of a snapshot: the broker does not have the requested position. */
  reset: boolean
  entries: RevocationFeedEntry[]
  /**
   * Ids of keys that were retired a short time ago (CONTRACT 9): nothing that they signed is good any more. Absent: none
   * was.
   */
  retired?: string[]
  /** Unix seconds. */
  iat: number
  /** Unix seconds until which a verifier that has reached `head` may accept tokens. */
  fresh_until: number
}
