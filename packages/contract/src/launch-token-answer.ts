import * as v from "valibot"
import { appId, flag, instant, launchTokenId, pathSegment, scopeList, seconds, text, wholeNumber } from "./fields.ts"
import { launchTokenField } from "./launch-token.ts"
import { message } from "./message.ts"

/** What a launch token allows. */
export const launchTokenPolicy = message({
  allowed_scope: scopeList("The widest scope that a registration may request"),
  max_ttl: seconds("The longest TTL that a registration may request"),
})

/** The answer to `POST /v1/admin/launch-tokens` and `POST /v1/app/launch-tokens`. */
export const launchTokenResponse = message({
  id: launchTokenId("What lists name it by, and what voids it"),
  ...launchTokenField,
  expires_at: instant("When it expires"),
  policy: launchTokenPolicy,
})

/** The path parameters of `DELETE /v1/admin/launch-tokens/{id}` and `DELETE /v1/app/launch-tokens/{id}`. */
export const launchTokenParameters = message({ id: launchTokenId("The launch token's id, lt-{16 hex characters}") })

/** A launch token in a list; its text is shown only when it is made. */
export const launchTokenView = message({
  id: launchTokenId("The first 16 hex characters of its SHA-256"),
  agent_name: text("The label that its creator gave it"),
  app_id: v.exactOptional(appId("The app that made it; absent: the operator did")),
  allowed_scope: scopeList("The widest scope that a registration may request"),
  max_ttl: seconds("The longest TTL that a registration may request"),
  max_lifetime: v.exactOptional(seconds("How long its agents live, renewals included; absent: no limit")),
  single_use: flag("Whether one registration spends it"),
  orch_id: v.exactOptional(pathSegment("Only a registration of this orchestration may use it")),
  task_id: v.exactOptional(pathSegment("Only a registration for this task may use it")),
  created_at: instant("When it was made"),
  expires_at: instant("When it expires"),
  uses: wholeNumber("How many agents registered with it"),
})

/** The answer to `GET /v1/admin/launch-tokens` and `GET /v1/app/launch-tokens`: unexpired ones, newest first. */
export const launchTokenListResponse = message({
  launch_tokens: v.array(launchTokenView, "must be a list of launch tokens"),
  total: wholeNumber("How many there are; the newest 1000 are listed"),
})
