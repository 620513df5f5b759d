import * as v from "valibot"
import { agentId, flag, pathSegment, scopes, text, ttl } from "./fields.ts"
import { message } from "./message.ts"
import { tokenFields } from "./token-answer.ts"

/**
 * The body of `POST /v1/register`. Only types are checked here (CONTRACT 3, "Order of checks"): a launch token, nonce,
 * key or signature of the wrong form is a 401 of a later step, a reserved or too wide scope a 403.
 */
export const registrationRequest = message({
  launch_token: text("64 lower-case hex characters, from the operator or an app"),
  nonce: text("The challenge's nonce, 64 lower-case hex characters"),
  public_key: text("The agent's Ed25519 key: base64 of its 32 bytes"),
  signature: text("Its signature over the nonce's 32 decoded bytes: base64 of its 64 bytes"),
  orch_id: pathSegment("The orchestration that the agent belongs to"),
  task_id: pathSegment("The task that it works on"),
  requested_scope: scopes("What it asks for; within the launch token's scope"),
  requested_ttl: v.exactOptional(ttl("Seconds; never above the launch token's max_ttl, which is the default")),
  bound: v.exactOptional(
    flag("Whether its tokens are bound to its key (RFC 9449): each request then needs a DPoP proof. Default false"),
  ),
})

/** The answer to `POST /v1/register`. */
export const registrationResponse = message({ agent_id: agentId("The new agent's SPIFFE id"), ...tokenFields })
