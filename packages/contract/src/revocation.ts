import * as v from "valibot"
import { agentId, agentOrApp, documented, hex, oneOf, pathSegment, text, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"
import { variant } from "./variant.ts"

const LEVELS = ["token", "agent", "task", "chain"] as const

/** Revokes one token. */
export const tokenRevocation = message({
  level: v.literal("token"),
  target: documented(hex(32), "The token's jti"),
})

/** Revokes every token of an agent or app, and what was delegated from them. */
export const agentRevocation = message({
  level: v.literal("agent"),
  target: documented(agentOrApp(), "An agent id of the broker's trust domain, or app:{app_id}"),
})

/** Revokes every token of a task. */
export const taskRevocation = message({
  level: v.literal("task"),
  target: documented(pathSegment(), "The task's id"),
})

/** Revokes all that was delegated from an agent, directly or further down. */
export const chainRevocation = message({
  level: v.literal("chain"),
  target: documented(agentId(), "The delegator's agent id"),
})

/**
 * The body of `POST /v1/revoke`. A target's form is checked here; that an agent id is of the broker's trust domain is for the
 * broker, which knows it.
 */
export const revocationRequest = variant(
  "level",
  [tokenRevocation, agentRevocation, taskRevocation, chainRevocation],
  `must be one of ${LEVELS.join(", ")}`,
)

/** The answer to `POST /v1/revoke`, the first time and every other. */
export const revocationResponse = message({
  revoked: v.literal(true, "must be true"),
  level: oneOf(...LEVELS),
  target: documented(text(), "What was revoked"),
  count: documented(wholeNumber(), "How many entries the call stands for: 1"),
})
