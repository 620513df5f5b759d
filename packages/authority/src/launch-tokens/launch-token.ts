import { hash, randomBytes } from "node:crypto"
import { appIdOf, type Claims, exceedingScopes, REVOKE_ALL_TARGET } from "@agentwrit/core"
import { lifetimeOf } from "../agents/lifetime.ts"
import { isAppRevoked } from "../apps/app.ts"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { Write } from "../ports/change.ts"
import { toUnixSeconds } from "../ports/clock.ts"
import type { LaunchToken } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { requireAfterCutoffs } from "../revocation/cutoff.ts"
import { scopeHint } from "../scope-hint.ts"
import { commit } from "../trail/commit.ts"
import { scopesText } from "../trail/detail.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { quotaOf } from "../trail/trail-quota.ts"

/** The policy of a new launch token (CONTRACT 3, "launch-tokens"). Times are seconds. */
export interface LaunchTokenRequest {
  readonly agentName: string
  readonly allowedScope: readonly string[]
  /** Default: the operator's setting. */
  readonly maxTtl?: number
  /** Default: true. */
  readonly singleUse?: boolean
  /** Lifetime of the launch token itself. Default: 30. */
  readonly ttl?: number
  /**
   * Seconds from a registration beyond which no renewal reaches; 0: no limit of its own. Default: the operator's
   * setting, which no request exceeds.
   */
  readonly maxLifetime?: number
  readonly orchId?: string
  readonly taskId?: string
}

/** A launch token, which is shown only here, and its policy. */
export interface IssuedLaunchToken {
  /** Its id in lists, see {@link launchTokenId}. */
  readonly id: string
  /** 64 lower-case hex characters. */
  readonly launchToken: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
  readonly policy: { readonly allowedScope: readonly string[]; readonly maxTtl: number }
}

/** Lifetime of a launch token in seconds, when the request names none. */
const DEFAULT_TTL = 30

const LAUNCH_TOKEN_TEXT = /^[0-9a-f]{64}$/

/** The form in which a launch token is stored and found; `undefined` for any other spelling. */
export function hashLaunchToken(text: string): string | undefined {
  return LAUNCH_TOKEN_TEXT.test(text) ? hash("sha256", text) : undefined
}

/**
 * The name of a launch token where the token must not be shown: `lt-` and the first 16 hex characters of its SHA-256.
 */
export const launchTokenId = (hash: string): string => `lt-${hash.slice(0, 16)}`

/** Issues a launch token to an operator (CONTRACT 3, `POST /v1/admin/launch-tokens`). */
export function createLaunchToken(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  request: LaunchTokenRequest,
): Promise<IssuedLaunchToken> {
  return issue(context, caller, operator, request, [])
}

/** Issues a launch token to an app, within its ceiling (CONTRACT 3, `POST /v1/app/launch-tokens`). */
export async function createAppLaunchToken(
  context: AuthorityContext,
  caller: Caller,
  issuer: Claims,
  request: LaunchTokenRequest,
): Promise<IssuedLaunchToken> {
  const appId = appIdOf(issuer.sub)
  const app = appId === undefined ? undefined : await context.store.records.app(appId)
  if (appId === undefined || app === undefined || app.deregisteredAt !== undefined)
    throw new Refusal("forbidden", { detail: "the app is inactive" })
  if (isAppRevoked(context, app)) throw new Refusal("forbidden", { detail: "the app is revoked" })
  const exceeding = exceedingScopes(request.allowedScope, app.scopes)
  if (exceeding.length > 0)
    throw new Refusal("forbidden", {
      detail: `the scope is beyond the app's ceiling: ${exceeding.join(" ")}`,
      reason: `scope ${scopesText(exceeding)} not covered by ${scopesText(app.scopes)}`,
      hint: scopeHint(exceeding, app.scopes, "allowed"),
      events: ["scope_ceiling_exceeded"],
    })
  const condition = { type: "require_app", appId, revision: app.revision } as const
  return issue(context, caller, issuer, { ...request, appId }, [condition])
}

type OwnedRequest = LaunchTokenRequest & { readonly appId?: string }

async function issue(
  context: AuthorityContext,
  caller: Caller,
  issuer: Claims,
  request: OwnedRequest,
  conditions: readonly Write[],
): Promise<IssuedLaunchToken> {
  const launchToken = randomBytes(32).toString("hex")
  const record = recordOf(context, launchToken, request)
  const { allowedScope, maxTtl, expiresAt, taskId, orchId, createdAt } = record
  requireAfterCutoffs(context, [{ level: "all", target: REVOKE_ALL_TARGET }], toUnixSeconds(createdAt))
  const subject = {
    ...subjectOf(issuer),
    ...(taskId !== undefined && { task_id: taskId }),
    ...(orchId !== undefined && { orch_id: orchId }),
  }
  await commit(context, {
    quota: quotaOf(issuer),
    writes: [...conditions, { type: "add_launch_token", launchToken: record }],
    events: [successEvent("launch_token_issued", caller, subject, describe(record))],
  })
  return { id: launchTokenId(record.hash), launchToken, expiresAt, policy: { allowedScope, maxTtl } }
}

function recordOf(context: AuthorityContext, launchToken: string, request: OwnedRequest): LaunchToken {
  const now = context.clock.now()
  const { agentName, allowedScope, orchId, taskId, appId } = request
  const maxLifetime = lifetimeOf(context, request.maxLifetime)
  const { maxTtl = context.settings.defaultTtl, singleUse = true, ttl = DEFAULT_TTL } = request
  return {
    hash: hash("sha256", launchToken),
    agentName,
    allowedScope,
    maxTtl,
    singleUse,
    ...(orchId !== undefined && { orchId }),
    ...(taskId !== undefined && { taskId }),
    ...(appId !== undefined && { appId }),
    ...(maxLifetime !== undefined && { maxLifetime }),
    uses: 0,
    createdAt: now,
    expiresAt: now + ttl * 1000,
  }
}

function describe(record: LaunchToken): string {
  const { hash, agentName, allowedScope, maxTtl, maxLifetime, singleUse, createdAt, expiresAt } = record
  const policy = [
    `scope ${scopesText(allowedScope)}`,
    `max ttl ${maxTtl} s`,
    ...(maxLifetime === undefined ? [] : [`max lifetime ${maxLifetime} s`]),
    singleUse ? "single use" : "many uses",
    `valid ${Math.round((expiresAt - createdAt) / 1000)} s`,
  ]
  return `launch token ${launchTokenId(hash)} for ${agentName}: ${policy.join(", ")}`
}
