import { setTimeout } from "node:timers/promises"
import { appIdOf, type Claims, parseAgentId, type RevocationLevel, type RevocationTarget } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { Write } from "../ports/change.ts"
import type { Affected, AffectedIds, App } from "../ports/records.ts"
import type { Revocation } from "../ports/revocation-log.ts"
import { Refusal } from "../refusal.ts"
import { commit } from "../trail/commit.ts"
import { successEvent } from "../trail/event.ts"
import { whileIssuingStops } from "./cutoff.ts"
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
  /** What this call ended. Both 0: nothing matched, or all of it had ended before. Absent: it could not be counted. */
  readonly affected?: Affected
  /** Where it holds by now: at all brokers that share the store. Absent: this one has it for itself. */
  readonly confirmed?: { readonly brokers: number }
}

/** What a revocation would end. */
export interface RevocationPreview extends RevocationRequest, AffectedIds {
  readonly affected: Affected
}

/** How long a revocation waits for its count to begin. */
const COUNT_START_TIMEOUT_MS = 500

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
  const listed = listedTarget(request)
  const expiresAt = await expiryOf(context, listed)
  const app = await unrevokedApp(context, listed)
  const count = await startCount(context, listed)
  const revokedBefore = level === "token" ? await context.store.records.tokenRevokedAt(target) : undefined
  const { brokers } = await whileIssuingStops(context, listed, () => {
    // Now taken last: a cutoff covers what was issued up to its second. A token that was revoked before keeps its time:
    // the 10 s after which a superseded token is a sign of theft begin with its renewal.
    const revocation = revocationOf(listed, context.clock, { revokedAt: revokedBefore, expiresAt })
    const writes: Write[] = [...closeApp(app, revocation), { type: "revoke", revocation }]
    return commit(context, { writes, events, everywhere: true })
  })
  context.observer.revoked?.(level)
  const affected = await count?.affected
  return {
    revoked: true,
    level,
    target,
    count: 1,
    ...(affected !== undefined && { affected }),
    ...(brokers !== undefined && { confirmed: { brokers } }),
  }
}

/** Starts the count of what ends. A count that fails, or takes long to start, does not keep the revocation waiting. */
async function startCount({ store, clock }: AuthorityContext, target: RevocationTarget) {
  const late = new AbortController()
  const started = store.records.startCount(target, clock.now()).then(
    // Handled here: a count may fail when nobody waits for it any more.
    ({ affected }) => ({ affected: affected.catch(() => undefined) }),
    () => undefined,
  )
  const timeout = setTimeout(COUNT_START_TIMEOUT_MS, undefined, { signal: late.signal }).catch(() => undefined)
  try {
    return await Promise.race([started, timeout])
  } finally {
    late.abort()
  }
}

/** Tells what a revocation would end now, and changes nothing (CONTRACT 3, `POST /v1/revoke/preview`). */
export async function previewRevocation(
  context: AuthorityContext,
  request: RevocationRequest,
): Promise<RevocationPreview> {
  requireOwnTarget(context, request)
  const listed = listedTarget(request)
  const { records } = context.store
  const now = context.clock.now()
  const [affected, ids] = await Promise.all([
    records.startCount(listed, now).then((count) => count.affected),
    records.affectedIds(listed, now, PREVIEWED_AGENTS),
  ])
  const app = await unrevokedApp(context, listed)
  const apps = app === undefined || ids.apps.includes(app.appId) ? ids.apps : [app.appId, ...ids.apps]
  return { ...request, affected, agents: ids.agents, apps }
}

function requireOwnTarget({ settings }: AuthorityContext, { target }: RevocationRequest): void {
  if (target.startsWith("spiffe:") && parseAgentId(target).trustDomain !== settings.trustDomain)
    throw new Refusal("invalid_request", { detail: "target is an agent of another trust domain" })
}

/** What to list. Level `agent` on an app's subject is level `app` (CONTRACT 2). */
function listedTarget({ level, target }: RevocationRequest): RevocationTarget {
  const appId = level === "agent" ? appIdOf(target) : undefined
  return appId === undefined ? { level, target } : { level: "app", target: appId }
}

/** The app that a revocation closes; `undefined` when it is closed already. */
async function unrevokedApp(
  { store }: AuthorityContext,
  { level, target }: RevocationTarget,
): Promise<App | undefined> {
  const app = level === "app" ? await store.records.app(target) : undefined
  return app?.revokedAt === undefined ? app : undefined
}

/** Closes the app's sign-in and its launch tokens, until it is restored. */
function closeApp(app: App | undefined, { revokedAt }: Revocation): Write[] {
  if (app === undefined) return []
  return [{ type: "change_app", app: { ...app, revokedAt, updatedAt: revokedAt, revision: app.revision + 1 } }]
}

/**
 * When the last token that a revocation covers expires. The store knows it for every token that was issued, which may
 * outlive a limit that was lowered since. A stored expiry only lengthens: an edit of the row must not end the revocation
 * early (CONTRACT 5, `exp`).
 */
async function expiryOf(
  { settings, store, clock }: AuthorityContext,
  listed: RevocationTarget,
): Promise<number | null> {
  if (listed.level !== "token") return null
  const known = (await store.records.tokenExpiry(listed.target)) ?? 0
  return settings.maxTtl === 0 ? null : Math.max(known, clock.now() + settings.maxTtl * 1000)
}
