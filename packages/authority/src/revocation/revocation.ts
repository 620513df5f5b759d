import { appIdOf, type Claims, parseAgentId, type RevocationLevel } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { Write } from "../ports/change.ts"
import type { Affected, AffectedIds, App } from "../ports/records.ts"
import type { Revocation } from "../ports/revocation-log.ts"
import { Refusal } from "../refusal.ts"
import { commit } from "../trail/commit.ts"
import { successEvent } from "../trail/event.ts"
import { revocationOf } from "./entry.ts"

/** What to revoke. The level decides the form of the target (CONTRACT 3, "revoke"). */
export interface RevocationRequest {
  readonly level: RevocationLevel
  readonly target: string
}

/** What a revocation answers, the first time and every other time. */
export interface RevocationReceipt extends RevocationRequest {
  readonly revoked: true
  readonly count: number
  /** What this call ended. Both 0: nothing matched, or all of it had ended before. */
  readonly affected: Affected
}

/** What a revocation would end. */
export interface RevocationPreview extends RevocationRequest, AffectedIds {
  readonly affected: Affected
}

/** How many agents a preview names. */
const PREVIEWED_AGENTS = 100

/**
 * Revokes at any level (CONTRACT 3, `POST /v1/revoke`). It takes effect with the commit. Unknown targets are accepted.
 * Repeating it changes nothing, except that levels `app` and `all` then end what was issued in between.
 */
export async function revoke(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  request: RevocationRequest,
): Promise<RevocationReceipt> {
  requireOwnTarget(context, request)
  const { level, target } = request
  const subject = { actor: operator.sub, agent_id: target, ...(level === "task" && { task_id: target }) }
  const events = [successEvent("token_revoked", caller, subject, `revoked at level ${level} by ${operator.sub}`)]
  const revocation = await revocationFor(context, request)
  const app = await openApp(context, revocation)
  const count = await context.store.records.startCount(revocation, context.clock.now())
  await commit(context, { writes: [...closeApp(app, revocation), { type: "revoke", revocation }], events })
  context.observer.revoked?.(level)
  return { revoked: true, level, target, count: 1, affected: await count.affected }
}

/** Tells what a revocation would end now, and changes nothing (CONTRACT 3, `POST /v1/revoke/preview`). */
export async function previewRevocation(
  context: AuthorityContext,
  request: RevocationRequest,
): Promise<RevocationPreview> {
  requireOwnTarget(context, request)
  const revocation = await revocationFor(context, request)
  const { records } = context.store
  const now = context.clock.now()
  const [count, ids] = await Promise.all([
    records.startCount(revocation, now),
    records.affectedIds(revocation, now, PREVIEWED_AGENTS),
  ])
  const app = await openApp(context, revocation)
  const apps = app === undefined || ids.apps.includes(app.appId) ? ids.apps : [app.appId, ...ids.apps]
  return { ...request, affected: await count.affected, agents: ids.agents, apps }
}

function requireOwnTarget({ settings }: AuthorityContext, { target }: RevocationRequest): void {
  if (target.startsWith("spiffe:") && parseAgentId(target).trustDomain !== settings.trustDomain)
    throw new Refusal("invalid_request", { detail: "target is an agent of another trust domain" })
}

/** What to list. Level `agent` on an app's subject is level `app` (CONTRACT 2). */
async function revocationFor(context: AuthorityContext, { level, target }: RevocationRequest): Promise<Revocation> {
  const now = context.clock.now()
  const appId = level === "agent" ? appIdOf(target) : undefined
  if (appId !== undefined) return revocationOf({ level: "app", target: appId }, now)
  return revocationOf({ level, target }, now, level === "token" ? await tokenExpiry(context, target, now) : null)
}

/** The app that a revocation closes; `undefined` when it is closed already. */
async function openApp({ store }: AuthorityContext, { level, target }: Revocation): Promise<App | undefined> {
  const app = level === "app" ? await store.records.app(target) : undefined
  return app?.revokedAt === undefined ? app : undefined
}

/** Closes the app's sign-in and its launch tokens, until it is restored. */
function closeApp(app: App | undefined, { revokedAt }: Revocation): Write[] {
  if (app === undefined) return []
  return [{ type: "change_app", app: { ...app, revokedAt, updatedAt: revokedAt, revision: app.revision + 1 } }]
}

/**
 * When a token expires. The store knows it for agents' own and delegated tokens, which may outlive a limit that was
 * lowered since. Other tokens live no longer than the present limit (CONTRACT 5, `exp`).
 */
async function tokenExpiry({ settings, store }: AuthorityContext, jti: string, now: number): Promise<number | null> {
  const known = await store.records.tokenExpiry(jti)
  return known ?? (settings.maxTtl === 0 ? null : now + settings.maxTtl * 1000)
}
