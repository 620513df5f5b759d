import * as v from "valibot"
import {
  ceiling,
  characters,
  documented,
  flag,
  hex,
  instant,
  MAX_AGENT_NAME,
  pathSegment,
  scopeList,
  seconds,
  ttl,
} from "./fields.ts"
import { message } from "./message.ts"

/** Seconds that a launch token lives when its maker names no TTL (CONTRACT 3, "launch-tokens"). */
export const DEFAULT_LAUNCH_TOKEN_TTL = 30

/** The body of `POST /v1/admin/launch-tokens` and `POST /v1/app/launch-tokens`. */
export const launchTokenRequest = message({
  agentName: documented(characters(1, MAX_AGENT_NAME), "A label for the operator and the trail"),
  allowedScope: documented(ceiling(), "The widest scope that a registration with it may ask for"),
  maxTtl: v.exactOptional(
    documented(ttl(1), "The longest TTL, in seconds, that a registration may ask for; default AA_DEFAULT_TTL"),
  ),
  singleUse: v.exactOptional(documented(flag(), "Whether one registration spends it"), true),
  ttl: v.exactOptional(documented(ttl(1, 86_400), "Its own life in seconds"), DEFAULT_LAUNCH_TOKEN_TTL),
  orchId: v.exactOptional(documented(pathSegment(), "Only a registration of this orchestration may use it")),
  taskId: v.exactOptional(documented(pathSegment(), "Only a registration for this task may use it")),
})

/** What a launch token allows. */
export const launchTokenPolicy = message({
  allowedScope: documented(scopeList(), "The widest scope that a registration with it may ask for"),
  maxTtl: documented(seconds(), "The longest TTL that a registration with it may ask for"),
})

/** The answer to `POST /v1/admin/launch-tokens` and `POST /v1/app/launch-tokens`. */
export const launchTokenResponse = message({
  launchToken: documented(hex(64), "Shown this once"),
  expiresAt: documented(instant(), "When it expires"),
  policy: launchTokenPolicy,
})
