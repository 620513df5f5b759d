import {
  encodeBase64Url,
  encodeUtf8,
  FEED_FRESHNESS_S,
  REVOCATION_FEED_TYPE,
  type RevocationFeed,
  signCompact,
} from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import type { RevocationEntry } from "../ports/revocation-log.ts"

/** The content of a message: a range of the revocation log (CONTRACT 5). */
export interface FeedRange {
  readonly from: number
  readonly to: number
  readonly head: number
  readonly reset: boolean
  readonly entries: readonly RevocationEntry[]
}

/** A signed message of the feed, and the position that it leads to. */
export interface FeedMessage {
  readonly to: number
  readonly head: number
  /** The compact JWS. */
  readonly jws: string
}

/** Signs a range of the feed with the key that signs tokens. */
export function signFeedMessage({ clock, keys }: AuthorityContext, range: FeedRange): FeedMessage {
  const { from, to, head, reset, entries } = range
  const now = clock.now()
  const iat = toUnixSeconds(now)
  const retired = keys.retired(now)
  const payload: RevocationFeed = {
    from,
    to,
    head,
    reset,
    entries: entries.map(({ seq, level, digest, expiresAt, before, alone }) => ({
      seq,
      level,
      digest: encodeBase64Url(digest),
      exp: expiresAt === null ? null : Math.ceil(expiresAt / 1000),
      ...(before !== undefined && { before }),
      ...(alone && { alone }),
    })),
    ...(retired.length > 0 && { retired }),
    iat,
    fresh_until: iat + FEED_FRESHNESS_S,
  }
  return { to, head, jws: signCompact(REVOCATION_FEED_TYPE, encodeUtf8(JSON.stringify(payload)), keys.current) }
}
