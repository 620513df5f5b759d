import { decode, revocationFeed } from "@agentwrit/contract"
import {
  CoreError,
  decodeUtf8,
  FEED_FRESHNESS_S,
  type FindKey,
  hasCutoff,
  REVOCATION_FEED_TYPE,
  type RevocationFeed,
  type VerifiedJws,
  verifyCompact,
} from "@agentwrit/core"

/** A message of the feed is not valid. The text is for the operator. */
export class FeedError extends Error {
  override readonly name = "FeedError"
}

/**
 * Verifies one message of the feed: header, signature, form, and that its members agree (CONTRACT 5). `Revocations`
 * checks that it continues where the verifier is.
 * @throws {@link FeedError}
 */
export function verifyFeedMessage(jws: string, findKey: FindKey): RevocationFeed {
  const message = read(jws, findKey)
  const { from, to, head, reset, entries, iat, fresh_until } = message
  if (from > to || to > head) throw new FeedError(`a message goes from ${from} to ${to} of ${head}`)
  if (to === from && to !== head) throw new FeedError(`a message makes no progress from ${to} of ${head}`)
  if (reset && from !== 0) throw new FeedError("a snapshot does not begin at 0")
  if (fresh_until <= iat || fresh_until > iat + FEED_FRESHNESS_S)
    throw new FeedError(`a message claims to be fresh for ${fresh_until - iat} s`)
  let last = from
  for (const { seq, level, before } of entries) {
    if (seq <= last || seq > to) throw new FeedError(`entry ${seq} is out of order`)
    // Read without its cutoff, or with one that its level does not have, it would revoke other tokens than the broker
    // means.
    if (hasCutoff(level) !== (before !== undefined))
      throw new FeedError(`entry ${seq} of level ${level} has ${before === undefined ? "no" : "a"} "before"`)
    last = seq
  }
  return message
}

function read(jws: string, findKey: FindKey): RevocationFeed {
  let payload: unknown
  let verified: VerifiedJws
  try {
    verified = verifyCompact(REVOCATION_FEED_TYPE, jws, findKey)
    payload = JSON.parse(decodeUtf8(verified.payload))
  } catch (cause) {
    if (!(cause instanceof CoreError || cause instanceof SyntaxError)) throw cause
    throw new FeedError(`a message does not verify: ${cause.message}`, { cause })
  }
  const decoded = decode(revocationFeed, payload)
  if (!decoded.ok && /^entries\[\d+\]\.level$/.test(decoded.field ?? ""))
    throw new FeedError("an entry has a level that this verifier does not know: update @agentwrit/sdk")
  if (!decoded.ok) throw new FeedError(`a message does not have the feed's form: ${decoded.detail}`)
  const { keyId } = verified.key
  if (decoded.value.retired?.includes(keyId))
    throw new FeedError(`a message is signed by the key ${keyId} that it retires`)
  return decoded.value
}
