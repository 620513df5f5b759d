import { appIdOf, type Claims, hasCutoff, parseAgentId, type RevocationLevel } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { ConflictError, type Write } from "../ports/change.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import type { App } from "../ports/records.ts"
import type { Revocation } from "../ports/revocation-log.ts"
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
 * Revokes at any level (CONTRACT 3, `POST /v1/revoke`). It takes effect with the commit. Unknown targets are accepted.
 * Repeating it changes nothing, except that levels `app` and `all` then end what was issued in between.
 */
export async function revoke(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  { level, target }: RevocationRequest,
): Promise<RevocationReceipt> {
  if (target.startsWith("spiffe:") && parseAgentId(target).trustDomain !== context.settings.trustDomain)
    throw new Refusal("invalid_request", { detail: "target is an agent of another trust domain" })
  const subject = { actor: operator.sub, agent_id: target, ...(level === "task" && { task_id: target }) }
  const events = [successEvent("token_revoked", caller, subject, `revoked at level ${level} by ${operator.sub}`)]
  await retryOnAppChange(async () => {
    const revocation = await revocationOf(context, { level, target })
    const app = revocation.level === "app" ? await context.store.records.app(revocation.target) : undefined
    await commit(context, { writes: [...closeApp(app, revocation), { type: "revoke", revocation }], events })
  })
  context.observer.revoked?.(level)
  return { revoked: true, level, target, count: 1 }
}

/** The entry of the log. Level `agent` on an app's subject is level `app` (CONTRACT 2). */
async function revocationOf(context: AuthorityContext, request: RevocationRequest): Promise<Revocation> {
  const appId = request.level === "agent" ? appIdOf(request.target) : undefined
  const { level, target } = appId === undefined ? request : { level: "app" as const, target: appId }
  const revokedAt = context.clock.now()
  const expiresAt = level === "token" ? await tokenExpiry(context, target, revokedAt) : null
  return {
    level,
    target,
    revokedAt,
    ...(hasCutoff(level) && { before: toUnixSeconds(revokedAt) }),
    ...retention(expiresAt),
  }
}

/** Closes the app's sign-in and its launch tokens, until it is restored. */
function closeApp(app: App | undefined, { revokedAt }: Revocation): Write[] {
  if (app === undefined || app.revokedAt !== undefined) return []
  return [{ type: "change_app", app: { ...app, revokedAt, updatedAt: revokedAt, revision: app.revision + 1 } }]
}

/**
 * Tries again when the app was changed between read and commit: a revocation must not fail because of a concurrent
 * update. Each failure means that another change succeeded, so this ends.
 */
async function retryOnAppChange(attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ConflictError) || error.code !== "app_changed") throw error
    }
  }
}

/**
 * When a token expires. The store knows it for agents' own and delegated tokens, which may outlive a limit that was
 * lowered since. Other tokens live no longer than the present limit (CONTRACT 5, `exp`).
 */
async function tokenExpiry({ settings, store }: AuthorityContext, jti: string, now: number): Promise<number | null> {
  const known = await store.records.tokenExpiry(jti)
  return known ?? (settings.maxTtl === 0 ? null : now + settings.maxTtl * 1000)
}
