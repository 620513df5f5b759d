import { MAX_FEED_ENTRIES, REVOCATION_LEVELS, type RevocationFeed, type RevocationFeedEntry } from "@agentwrit/core"
import * as v from "valibot"
import { base64Url32, flag, oneOf, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

/** The query parameters of `GET /v1/revocations`. */
export const revocationsQuery = message({
  since: v.exactOptional(wholeNumber("The highest sequence number that the caller has"), 0),
})

/** The schema of a {@link RevocationFeedEntry}. */
export const revocationFeedEntry: v.GenericSchema<RevocationFeedEntry> = v.looseObject({
  seq: wholeNumber("Its number, from 1", 1),
  level: oneOf("The level of its target", REVOCATION_LEVELS),
  digest: base64Url32("Base64url SHA-256 of agentwrit-revocation-v1:{level}:{target}"),
  exp: v.pipe(
    v.nullable(wholeNumber("Unix seconds")),
    v.description("Unix time from which the entry no longer matters; null: never"),
  ),
  before: v.exactOptional(wholeNumber("Levels app and all: Unix time; tokens with an iat up to then are revoked")),
  alone: v.exactOptional(flag("Level token: the token was renewed or released; what was delegated from it lives on")),
})

/** The schema of a {@link RevocationFeed}. */
export const revocationFeed: v.GenericSchema<RevocationFeed> = v.looseObject({
  from: wholeNumber("The entries are those with from < seq <= to"),
  to: wholeNumber("The highest sequence number that this message covers"),
  head: wholeNumber("The highest sequence number of all"),
  reset: flag("Whether a snapshot begins here because the broker does not have the position"),
  entries: v.pipe(
    v.array(revocationFeedEntry, "must be a list of entries"),
    v.maxLength(MAX_FEED_ENTRIES, `must be a list of at most ${MAX_FEED_ENTRIES} entries`),
  ),
  retired: v.exactOptional(
    v.pipe(
      v.array(base64Url32("A kid"), "must be a list of kids"),
      v.description("Keys that were retired a short time ago: refuse what they signed; absent: none"),
    ),
  ),
  iat: wholeNumber("Unix time at which it was signed"),
  fresh_until: wholeNumber("Unix time until which it may be trusted"),
})
