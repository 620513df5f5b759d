import * as v from "valibot"
import { delegationChain } from "./delegation-record.ts"
import { agentId, scopes, ttl } from "./fields.ts"
import { message } from "./message.ts"
import { tokenFields } from "./token-answer.ts"

/** How long a delegated token lives, in seconds, when the delegator names no TTL (CONTRACT 3, "delegate"). */
export const DEFAULT_DELEGATION_TTL = 60

/** The body of `POST /v1/delegate`. */
export const delegationRequest = message({
  delegate_to: agentId("A registered, active agent other than the caller"),
  scope: scopes("What to delegate; within the caller's own scope"),
  ttl: v.exactOptional(
    ttl("Seconds; the new token never outlives the token that it was made with"),
    DEFAULT_DELEGATION_TTL,
  ),
})

/** The answer to `POST /v1/delegate`. */
export const delegationResponse = message({
  ...tokenFields,
  delegation_chain: delegationChain("The new token's chain, the first delegator first"),
})
