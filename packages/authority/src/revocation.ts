import { type Claims, parseAgentId, type RevocationLevel } from "@agentwrit/core"
import type { AuthorityContext, Caller } from "./context.ts"
import type { Revocation } from "./records.ts"
import { Refusal } from "./refusal.ts"
import { commit, deny, subjectOf } from "./trail.ts"

/** What to revoke; the target's form is that of its level (CONTRACT 3, "revoke"). */
export interface RevocationRequest {
  readonly level: RevocationLevel
  readonly target: string
}

/** What a revocation answers, the first time and every other. */
export interface RevocationReceipt extends RevocationRequest {
  readonly revoked: true
  readonly count: number
}

/** Milliseconds for which a token-level entry stays after the token would have expired: the clock may have been stepped. */
const REVOKED_GRACE: number = 24 * 60 * 60 * 1000

/** When an entry stops mattering, and when it may be forgotten. `expiresAt`: when the last token that it names runs out. */
export function entryLife(
  expiresAt: number | null,
  grace: number = REVOKED_GRACE,
): Pick<Revocation, "expiresAt" | "forgetAt"> {
  return { expiresAt, forgetAt: expiresAt === null ? null : expiresAt + grace }
}

/**
 * Revokes a token, an agent or app, a task, or all that was delegated from an agent (CONTRACT 3, `POST /v1/revoke`). It holds
 * from the commit on; listing a target again changes nothing. Unknown targets are taken too.
 */
export async function revoke(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  { level, target }: RevocationRequest,
): Promise<RevocationReceipt> {
  if (target.startsWith("spiffe:") && parseAgentId(target).trustDomain !== context.settings.trustDomain) {
    const refusal = new Refusal("invalid_request", { detail: "target is an agent of another trust domain" })
    return deny(context, { types: ["token_revoked"], caller, subject: subjectOf(operator) }, refusal)
  }
  const revokedAt = context.clock.now()
  const expiresAt = level === "token" ? await tokenEnd(context, target, revokedAt) : null
  await commit(context, {
    writes: [{ type: "revoke", revocation: { level, target, revokedAt, ...entryLife(expiresAt) } }],
    events: [
      {
        event_type: "token_revoked",
        agent_id: target,
        ...(level === "task" && { task_id: target }),
        detail: `revoked at level ${level} by ${operator.sub}`,
        resource: caller.resource,
        outcome: "success",
      },
    ],
  })
  context.observer.revoked?.(level)
  return { revoked: true, level, target, count: 1 }
}

/**
 * When a token runs out: known of agents' own and of delegated ones, which may outlive a ceiling that was lowered since; of
 * others, that they live no longer than the ceiling allows (CONTRACT 5, `exp`).
 */
async function tokenEnd({ settings, store }: AuthorityContext, jti: string, now: number): Promise<number | null> {
  const known = await store.tokenEnd(jti)
  if (known !== undefined) return known
  return settings.maxTtl === 0 ? null : now + settings.maxTtl * 1000
}
