import { MAX_FEED_ENTRIES, type RevocationFeed, type RevocationFeedEntry } from "@agentwrit/core"
import * as v from "valibot"
import { documented, flag, oneOf, patterned, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

/** The query parameters of `GET /v1/revocations`. */
export const revocationsQuery = message({
  since: v.exactOptional(documented(wholeNumber(), "The last sequence number that the caller has"), 0),
})

/** The schema of a {@link RevocationFeedEntry}. */
export const revocationFeedEntry: v.GenericSchema<RevocationFeedEntry> = v.looseObject({
  seq: documented(wholeNumber(1), "Its number, from 1"),
  level: documented(oneOf("token", "agent", "task", "chain"), "What kind of target it names"),
  digest: documented(
    patterned(/^[A-Za-z0-9_-]{43}$/, "must be base64url of 32 bytes"),
    "Base64url SHA-256 of agentwrit-revocation-v1:{level}:{target}",
  ),
  exp: documented(v.nullable(wholeNumber()), "The Unix second at which the entry stops mattering; null is never"),
})

/** The schema of a {@link RevocationFeed}. */
export const revocationFeed: v.GenericSchema<RevocationFeed> = v.looseObject({
  from: documented(wholeNumber(), "The entries are those with from < seq <= to"),
  to: documented(wholeNumber(), "The sequence number that a reader has reached with this message"),
  head: documented(wholeNumber(), "The newest sequence number that there is"),
  reset: documented(flag(), "Whether a snapshot begins here, because the position is unknown"),
  entries: v.pipe(v.array(revocationFeedEntry), v.maxLength(MAX_FEED_ENTRIES)),
  iat: documented(wholeNumber(), "When it was signed, in Unix seconds"),
  fresh_until: documented(wholeNumber(), "Until when it may be trusted, in Unix seconds"),
})
