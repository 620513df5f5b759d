import * as v from "valibot"
import { base64Url32, flag, instant, oneOf, text, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

/** The algorithms of signing keys (CONTRACT 9): `EdDSA` signs native tokens and the feed, the others sign for OAuth. */
export const KEY_ALGORITHMS = ["EdDSA", "ES256", "RS256"] as const

/** A week, in seconds: the longest time for which a new key is published before it signs. */
const MAX_SIGNS_IN = 604_800

/** The path parameters of `/v1/admin/keys/{kid}`. */
export const keyParameters = message({ kid: base64Url32("The key's id") })

/** The body of `POST /v1/admin/keys/rotate`. */
export const keyRotationRequest = message({
  alg: v.exactOptional(oneOf("The algorithm of the new key", KEY_ALGORITHMS), "EdDSA"),
  signs_in: v.exactOptional(
    wholeNumber(
      "Seconds for which the new key is published before it signs, at least as long as verifiers cache the set; 0 needs force",
      0,
      MAX_SIGNS_IN,
    ),
    300,
  ),
  force: v.exactOptional(flag("Allows signs_in 0, also for a key that is published and does not sign yet"), false),
})

/** A signing key, as operators see it. */
export const keyResponse = message({
  kid: base64Url32("Its id: its RFC 7638 thumbprint"),
  alg: oneOf("Its algorithm", KEY_ALGORITHMS),
  use: oneOf("What it signs: native tokens and the feed, or the tokens of the OAuth face", ["native", "oauth"]),
  state: oneOf("It will sign, signs, or only verifies", ["next", "current", "previous"]),
  created_at: instant("When it was made"),
  signs_from: v.exactOptional(instant("When it begins to sign, or began; absent: with its creation")),
  verifies_until: v.exactOptional(instant("When it goes, because all that it signed has expired; absent: it signs")),
})

/** The answer to `GET /v1/admin/keys`. */
export const keyListResponse = message({
  keys: v.pipe(v.array(keyResponse, "must be a list of keys"), v.description("The current keys first, then the next")),
})

/** The answer to `POST /v1/admin/keys/audit/rotate`. */
export const auditKeyResponse = message({
  verifier_key: text("The C2SP verifier key of the checkpoints from here on, for others to pin"),
})

/** The answer to `DELETE /v1/admin/keys/{kid}`. */
export const keyRetirementResponse = message({
  kid: base64Url32("The key's id"),
  status: oneOf("What became of it", ["retired"]),
  retired_at: instant("When it was retired"),
})
