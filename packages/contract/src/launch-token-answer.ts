import { instant, scopeList, seconds } from "./fields.ts"
import { launchTokenField } from "./launch-token.ts"
import { message } from "./message.ts"

/** What a launch token allows. */
export const launchTokenPolicy = message({
  allowed_scope: scopeList("The widest scope that a registration may request"),
  max_ttl: seconds("The longest TTL that a registration may request"),
})

/** The answer to `POST /v1/admin/launch-tokens` and `POST /v1/app/launch-tokens`. */
export const launchTokenResponse = message({
  ...launchTokenField,
  expires_at: instant("When it expires"),
  policy: launchTokenPolicy,
})
