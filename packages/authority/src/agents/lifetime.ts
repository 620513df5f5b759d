import type { AuthorityContext } from "../context.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import type { Agent } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"

/**
 * How long an agent lives from its registration, renewals included: what was asked for, within the operator's
 * setting.
 * @param requested seconds; 0 or absent: no limit of its own.
 * @returns seconds; `undefined`: no limit.
 */
export function lifetimeOf({ settings }: AuthorityContext, requested = 0): number | undefined {
  const limits = [requested, settings.maxAgentLifetime].filter((limit) => limit > 0)
  return limits.length === 0 ? undefined : Math.min(...limits)
}

/**
 * The latest expiry of the agent's next token in Unix seconds; `undefined`: no limit. The operator may have lowered the
 * setting since the registration.
 */
export function endOfLife({ settings }: AuthorityContext, { registeredAt, endsAt }: Agent): number | undefined {
  const { maxAgentLifetime } = settings
  const setting = maxAgentLifetime > 0 ? registeredAt + maxAgentLifetime * 1000 : Infinity
  const end = Math.min(endsAt ?? Infinity, setting)
  return end === Infinity ? undefined : toUnixSeconds(end)
}

export const lifeEnded = (): Refusal =>
  new Refusal("forbidden", {
    detail: "the agent has reached the end of its lifetime (max_lifetime)",
    hint: "register another agent",
  })
