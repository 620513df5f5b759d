import * as v from "valibot"
import { agentId, documented, pathSegment, scopes, text, ttl } from "./fields.ts"
import { message } from "./message.ts"
import { rule } from "./rule.ts"
import { tokenFields } from "./token-answer.ts"

// An id is written to the trail and never rewritten there, so a launch token must not get in as one (CONTRACT 4).
const NOT_THE_LAUNCH_TOKEN = "must not be the launch token"

/**
 * The body of `POST /v1/register`. Types alone are checked here (CONTRACT 3, "Order of checks"): a launch token, nonce, key or
 * signature of another spelling is a 401 of a later step, a reserved or wider scope a 403.
 */
export const registrationRequest = v.pipe(
  message({
    launchToken: documented(text(), "64 lower-case hex characters, from the operator or an app"),
    nonce: documented(text(), "The challenge's nonce, 64 lower-case hex characters"),
    publicKey: documented(text(), "The agent's Ed25519 key: base64 of its 32 bytes"),
    signature: documented(text(), "Its signature over the nonce's 32 decoded bytes: base64 of its 64 bytes"),
    orchId: documented(pathSegment(), "The orchestration that the agent belongs to"),
    taskId: documented(pathSegment(), "The task that it works on"),
    requestedScope: documented(scopes(), "What it asks for; within the launch token's scope"),
    requestedTtl: v.exactOptional(documented(ttl(1), "Seconds; never above the launch token's max_ttl, its default")),
  }),
  rule(({ launchToken, orchId }) => orchId !== launchToken, { field: "orch_id", message: NOT_THE_LAUNCH_TOKEN }),
  rule(({ launchToken, taskId }) => taskId !== launchToken, { field: "task_id", message: NOT_THE_LAUNCH_TOKEN }),
)

/** The answer to `POST /v1/register`. */
export const registrationResponse = message({
  agentId: documented(agentId(), "The new agent's SPIFFE id"),
  ...tokenFields,
})
