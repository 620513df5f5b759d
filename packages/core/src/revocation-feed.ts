import type { RevocationLevel } from "./revocation.ts"

/** The `typ` of a feed message's JWS header (CONTRACT 5). */
export const REVOCATION_FEED_TYPE = "agentwrit-revocations+jwt"

/** How many entries a feed message holds at most (CONTRACT 5). */
export const MAX_FEED_ENTRIES = 5_000

/** Seconds after its `iat` for which a feed message lets a verifier trust what it holds (CONTRACT 5). */
export const FEED_FRESHNESS = 30

/** One revocation in the feed, as it was signed. */
export interface RevocationFeedEntry {
  seq: number
  level: RevocationLevel
  /** Base64url SHA-256 of `agentwrit-revocation-v1:{level}:{target}`. */
  digest: string
  /** Unix seconds at which the entry stops mattering; `null` is never. */
  exp: number | null
}

/** The payload of a feed message, as it was signed (CONTRACT 5). */
export interface RevocationFeed {
  /** The entries are those with `from` < `seq` <= `to`. */
  from: number
  to: number
  /** The newest sequence number that there is. */
  head: number
  /** The first of a snapshot: the position that was asked for is unknown here. */
  reset: boolean
  entries: RevocationFeedEntry[]
  /** Unix seconds. */
  iat: number
  /** Unix seconds until which a verifier that has joined up at `head` may trust what it holds. */
  fresh_until: number
}
