import { encodeUtf8, FEED_FRESHNESS, REVOCATION_FEED_TYPE, type RevocationFeed, signCompact } from "@agentwrit/core"
import { toUnixSeconds } from "./clock.ts"
import type { AuthorityContext } from "./context.ts"
import type { ListedRevocation } from "./records.ts"

/** A stretch of the list of revocations, from one position to another (CONTRACT 5). */
export interface FeedStretch {
  readonly from: number
  readonly to: number
  readonly head: number
  readonly reset: boolean
  readonly entries: readonly ListedRevocation[]
}

/** A signed message of the feed, and where it leads. */
export interface FeedMessage {
  readonly to: number
  readonly head: number
  /** The compact JWS. */
  readonly jws: string
}

/** Signs a stretch of the feed with the key that signs tokens. */
export function signFeedMessage({ clock, signingKey }: AuthorityContext, stretch: FeedStretch): FeedMessage {
  const { from, to, head, reset, entries } = stretch
  const iat = toUnixSeconds(clock.now())
  const payload: RevocationFeed = {
    from,
    to,
    head,
    reset,
    entries: entries.map(({ seq, level, digest, expiresAt }) => ({
      seq,
      level,
      digest,
      exp: expiresAt === null ? null : Math.ceil(expiresAt / 1000),
    })),
    iat,
    fresh_until: iat + FEED_FRESHNESS,
  }
  return { to, head, jws: signCompact(REVOCATION_FEED_TYPE, encodeUtf8(JSON.stringify(payload)), signingKey) }
}
