import { REVOCATION_LEVELS, REVOKE_ALL_TARGET } from "@agentwrit/core"
import * as v from "valibot"
import { agentId, agentOrApp, appId, hex, oneOf, pathSegment, text, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"

/** Revokes one token. */
export const tokenRevocation = message({ level: v.literal("token"), target: hex("The token's jti", 32) })

/** Revokes every token of an agent and what was delegated from them; with an app, the same as {@link appRevocation}. */
export const agentRevocation = message({
  level: v.literal("agent"),
  target: agentOrApp("An agent id of the broker's trust domain, or app:{app_id}"),
})

/** Revokes every token of a task. */
export const taskRevocation = message({ level: v.literal("task"), target: pathSegment("The task's id") })

/** Revokes everything that was delegated from an agent, directly or further down. */
export const chainRevocation = message({ level: v.literal("chain"), target: agentId("The delegator's agent id") })

/**
 * Revokes an app: its tokens, and those of its agents with all that they delegated. Until it is restored it cannot sign
 * in, and its launch tokens are void.
 */
export const appRevocation = message({ level: v.literal("app"), target: appId("The app's id") })

/** Revokes every token of agents and apps, and every launch token, that was issued up to now. */
export const allRevocation = message({
  level: v.literal("all"),
  target: v.pipe(v.literal(REVOKE_ALL_TARGET, `must be ${REVOKE_ALL_TARGET}`), v.description("Everything")),
})

/** The body of `POST /v1/revoke`. The form of the target is checked here, its trust domain by the broker. */
export const revocationRequest = v.variant(
  "level",
  [tokenRevocation, agentRevocation, taskRevocation, chainRevocation, appRevocation, allRevocation],
  `must be one of ${REVOCATION_LEVELS.join(", ")}`,
)

const named = {
  level: oneOf("The level that was named", REVOCATION_LEVELS),
  target: text("The target that was named"),
}

/** How much a revocation ends. */
export const affectedCounts = message({
  agents: wholeNumber("Active agents"),
  tokens: wholeNumber("Unexpired tokens, delegated ones included"),
})

/** Where a revocation holds. */
export const confirmedBrokers = message({
  brokers: wholeNumber("Brokers that apply it by now: all that answer requests"),
})

/**
 * The answer to `POST /v1/revoke`. A repeated call ends nothing more: its `affected` are 0. They are absent when they
 * could not be counted; the revocation holds all the same. `confirmed` is there when several brokers share the store.
 */
export const revocationResponse = message({
  revoked: v.literal(true, "must be true"),
  ...named,
  count: wholeNumber("How many entries were listed: always 1"),
  affected: v.optional(affectedCounts),
  confirmed: v.optional(confirmedBrokers),
})

/** The answer to `POST /v1/revoke/preview`. */
export const revocationPreviewResponse = message({
  ...named,
  affected: affectedCounts,
  agents: v.array(text("An agent that would end"), "must be a list of agent ids"),
  apps: v.array(text("An app that such agents or tokens belong to"), "must be a list of app ids"),
})
