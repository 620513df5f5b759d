import { type Claims, parseAgentId, type RevocationLevel } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { Refusal } from "../refusal.ts"
import { commit } from "../trail/commit.ts"
import { successEvent } from "../trail/event.ts"
import { retention } from "./retention.ts"

/** What to revoke. The level decides the form of the target (CONTRACT 3, "revoke"). */
export interface RevocationRequest {
  readonly level: RevocationLevel
  readonly target: string
}

/** What a revocation answers, the first time and every other time. */
export interface RevocationReceipt extends RevocationRequest {
  readonly revoked: true
  readonly count: number
}

/**
 * Revokes a token, an agent or app, a task, or all that an agent delegated (CONTRACT 3, `POST /v1/revoke`). It takes
 * effect with the commit. Repeating it changes nothing. Unknown targets are accepted.
 */
export async function revoke(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  { level, target }: RevocationRequest,
): Promise<RevocationReceipt> {
  if (target.startsWith("spiffe:") && parseAgentId(target).trustDomain !== context.settings.trustDomain)
    throw new Refusal("invalid_request", { detail: "target is an agent of another trust domain" })
  const revokedAt = context.clock.now()
  const expiresAt = level === "token" ? await tokenExpiry(context, target, revokedAt) : null
  const subject = { agent_id: target, ...(level === "task" && { task_id: target }) }
  await commit(context, {
    writes: [{ type: "revoke", revocation: { level, target, revokedAt, ...retention(expiresAt) } }],
    events: [successEvent("token_revoked", caller, subject, `revoked at level ${level} by ${operator.sub}`)],
  })
  context.observer.revoked?.(level)
  return { revoked: true, level, target, count: 1 }
}

/**
 * When a token expires. The store knows it for agents' own and delegated tokens, which may outlive a limit that was
 * lowered since. Other tokens live no longer than the present limit (CONTRACT 5, `exp`).
 */
async function tokenExpiry({ settings, store }: AuthorityContext, jti: string, now: number): Promise<number | null> {
  const known = await store.records.tokenExpiry(jti)
  return known ?? (settings.maxTtl === 0 ? null : now + settings.maxTtl * 1000)
}
