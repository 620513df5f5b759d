import * as v from "valibot"
import { delegationChain } from "./delegation-record.ts"
import { agentId, documented, scopes, ttl } from "./fields.ts"
import { message } from "./message.ts"
import { tokenFields } from "./token-answer.ts"

/** Seconds that a delegated token lives when the delegator names no TTL (CONTRACT 3, "delegate"). */
export const DEFAULT_DELEGATION_TTL = 60

/** The body of `POST /v1/delegate`. */
export const delegationRequest = message({
  delegateTo: documented(agentId(), "A registered, active agent other than the caller"),
  scope: documented(scopes(), "What to hand on; within the caller's own scope"),
  ttl: v.exactOptional(
    documented(ttl(1), "Seconds; the new token never outlives the one that it was made with"),
    DEFAULT_DELEGATION_TTL,
  ),
})

/** The answer to `POST /v1/delegate`. */
export const delegationResponse = message({
  ...tokenFields,
  delegationChain: documented(delegationChain(), "The new token's chain, the first delegator first"),
})
