import { REVOCATION_LEVELS } from "@agentwrit/core"
import * as v from "valibot"
import { agentId, agentOrApp, hex, oneOf, pathSegment, text, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

const LEVELS = ["token", "agent", "task", "chain"] as const

/** Revokes one token. */
export const tokenRevocation = message({ level: v.literal("token"), target: hex("The token's jti", 32) })

/** Revokes every token of an agent or app, and what was delegated from them. */
export const agentRevocation = message({
  level: v.literal("agent"),
  target: agentOrApp("An agent id of the broker's trust domain, or app:{app_id}"),
})

/** Revokes every token of a task. */
export const taskRevocation = message({ level: v.literal("task"), target: pathSegment("The task's id") })

/** Revokes everything that was delegated from an agent, directly or further down. */
export const chainRevocation = message({ level: v.literal("chain"), target: agentId("The delegator's agent id") })

/** The body of `POST /v1/revoke`. The form of the target is checked here, its trust domain by the broker. */
export const revocationRequest = v.variant(
  "level",
  [tokenRevocation, agentRevocation, taskRevocation, chainRevocation],
  `must be one of ${LEVELS.join(", ")}`,
)

/** The answer to `POST /v1/revoke`, also when it is repeated. */
export const revocationResponse = message({
  revoked: v.literal(true, "must be true"),
  level: oneOf("The level that was named", REVOCATION_LEVELS),
  target: text("The target that was named"),
  count: wholeNumber("How many entries were listed: always 1"),
})
