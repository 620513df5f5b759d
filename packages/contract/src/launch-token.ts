import * as v from "valibot"
import { ceiling, characters, documented, flag, hex, MAX_AGENT_NAME, pathSegment, ttl } from "./fields.ts"
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

/** The field of the answer that holds the launch token. */
export const launchTokenField = { launchToken: documented(hex(64), "Shown this once") } as const

/** What an agent needs of the answer, of which `launchTokenResponse` is the whole: a bundle that reads this alone is smaller. */
export const issuedLaunchToken = message(launchTokenField)
