import * as v from "valibot"
import { ceiling, characters, flag, hex, MAX_AGENT_NAME, pathSegment, ttl, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

/** How long a launch token lives, in seconds, when its creator names no TTL (CONTRACT 3, "launch-tokens"). */
export const DEFAULT_LAUNCH_TOKEN_TTL = 30

/** The body of `POST /v1/admin/launch-tokens` and `POST /v1/app/launch-tokens`. */
export const launchTokenRequest = message({
  agent_name: characters("A label for the operator and the trail", 1, MAX_AGENT_NAME),
  allowed_scope: ceiling("The widest scope that a registration may request"),
  max_ttl: v.exactOptional(ttl("The longest TTL, in seconds, that a registration may request; default AA_DEFAULT_TTL")),
  single_use: v.exactOptional(flag("Whether one registration spends it"), true),
  ttl: v.exactOptional(ttl("How long the launch token lives, in seconds", 1, 86_400), DEFAULT_LAUNCH_TOKEN_TTL),
  max_lifetime: v.exactOptional(
    wholeNumber(
      "Seconds from its registration beyond which no renewal of the agent reaches, 0 for no limit; default and upper limit AA_MAX_AGENT_LIFETIME",
    ),
  ),
  orch_id: v.exactOptional(pathSegment("Only a registration of this orchestration may use it")),
  task_id: v.exactOptional(pathSegment("Only a registration for this task may use it")),
})

/** The field of the answer that holds the launch token. */
export const launchTokenField = { launch_token: hex("Shown only this once", 64) } as const

/** The part of `launchTokenResponse` that an agent needs. A bundle that reads only this is smaller. */
export const issuedLaunchToken = message(launchTokenField)
