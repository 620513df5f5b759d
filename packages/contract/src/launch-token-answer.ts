import { documented, instant, scopeList, seconds } from "./fields.ts"
import { launchTokenField } from "./launch-token.ts"
import { message } from "./message.ts"

/** What a launch token allows. */
export const launchTokenPolicy = message({
  allowedScope: documented(scopeList(), "The widest scope that a registration with it may ask for"),
  maxTtl: documented(seconds(), "The longest TTL that a registration with it may ask for"),
})

/** The answer to `POST /v1/admin/launch-tokens` and `POST /v1/app/launch-tokens`. */
export const launchTokenResponse = message({
  ...launchTokenField,
  expiresAt: documented(instant(), "When it expires"),
  policy: launchTokenPolicy,
})
