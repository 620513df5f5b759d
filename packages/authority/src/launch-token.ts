import { hash, randomBytes } from "node:crypto"
import { type Claims, exceedingScopes } from "@agentwrit/core"
import { appSubject } from "./app.ts"
import { whileAppChanges } from "./app-ceiling.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import type { LaunchToken } from "./records.ts"
import { Refusal } from "./refusal.ts"
import { scopeHint } from "./scope-hint.ts"
import type { Write } from "./store.ts"
import { commit, deny, subjectOf } from "./trail.ts"

/** What a launch token shall allow (CONTRACT 3, "launch-tokens"). Times are seconds. */
export interface LaunchTokenRequest {
  readonly agentName: string
  readonly allowedScope: readonly string[]
  readonly maxTtl?: number
  readonly singleUse?: boolean
  /** Its own life. */
  readonly ttl?: number
  readonly orchId?: string
  readonly taskId?: string
}

/** A launch token, shown this once, and what it allows. */
export interface IssuedLaunchToken {
  /** 64 lower-case hex characters. */
  readonly launchToken: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
  readonly policy: { readonly allowedScope: readonly string[]; readonly maxTtl: number }
}

/** Seconds for which a launch token may be used when its maker names no other life. */
const DEFAULT_LIFE = 30

const LAUNCH_TOKEN_TEXT = /^[0-9a-f]{64}$/

/** The form in which a launch token is stored and looked up; `undefined` for any other spelling than ours. */
export function hashLaunchToken(text: string): string | undefined {
  return LAUNCH_TOKEN_TEXT.test(text) ? hash("sha256", text) : undefined
}

/** Makes a launch token for the operator (CONTRACT 3, `POST /v1/admin/launch-tokens`). */
export function createLaunchToken(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  request: LaunchTokenRequest,
): Promise<IssuedLaunchToken> {
  return issue(context, caller, operator, request, [])
}

/** Makes a launch token for an app, under its ceiling (CONTRACT 3, `POST /v1/app/launch-tokens`). */
export function createAppLaunchToken(
  context: AuthorityContext,
  caller: Caller,
  maker: Claims,
  request: LaunchTokenRequest,
): Promise<IssuedLaunchToken> {
  return whileAppChanges(async () => {
    const appId = maker.sub.slice(appSubject("").length)
    const app = await context.store.app(appId)
    const subject = subjectOf(maker)
    if (app === undefined || app.deregisteredAt !== undefined) {
      const refusal = new Refusal("forbidden", { detail: "the app is inactive" })
      return deny(context, { types: ["launch_token_denied"], caller, subject }, refusal)
    }
    const exceeding = exceedingScopes(request.allowedScope, app.scopes)
    if (exceeding.length > 0) {
      const refusal = new Refusal("forbidden", {
        detail: `allowed_scope is beyond the app's ceiling: ${exceeding.join(" ")}`,
        reason: `scope ${exceeding.join(" ")} not covered by ${app.scopes.join(" ")}`,
        hint: scopeHint(exceeding, app.scopes, "allowed"),
      })
      return deny(context, { types: ["scope_ceiling_exceeded"], caller, subject }, refusal)
    }
    return issue(context, caller, maker, { ...request, appId }, [
      { type: "require_app", appId, revision: app.revision },
    ])
  })
}

async function issue(
  context: AuthorityContext,
  caller: Caller,
  maker: Claims,
  request: LaunchTokenRequest & { readonly appId?: string },
  conditions: readonly Write[],
): Promise<IssuedLaunchToken> {
  const launchToken = randomBytes(32).toString("hex")
  const record = launchTokenRecord(context, launchToken, request)
  await commit(context, {
    writes: [...conditions, { type: "add_launch_token", launchToken: record }],
    events: [
      {
        event_type: "launch_token_issued",
        ...subjectOf(maker),
        ...(record.taskId !== undefined && { task_id: record.taskId }),
        ...(record.orchId !== undefined && { orch_id: record.orchId }),
        detail: describe(record),
        resource: caller.resource,
        outcome: "success",
      },
    ],
  })
  return {
    launchToken,
    expiresAt: record.expiresAt,
    policy: { allowedScope: record.allowedScope, maxTtl: record.maxTtl },
  }
}

function launchTokenRecord(
  context: AuthorityContext,
  launchToken: string,
  request: LaunchTokenRequest & { readonly appId?: string },
): LaunchToken {
  const now = context.clock.now()
  return {
    hash: hash("sha256", launchToken),
    agentName: request.agentName,
    allowedScope: request.allowedScope,
    maxTtl: request.maxTtl ?? context.settings.defaultTtl,
    singleUse: request.singleUse ?? true,
    ...(request.orchId !== undefined && { orchId: request.orchId }),
    ...(request.taskId !== undefined && { taskId: request.taskId }),
    ...(request.appId !== undefined && { appId: request.appId }),
    createdAt: now,
    expiresAt: now + (request.ttl ?? DEFAULT_LIFE) * 1000,
  }
}

function describe(record: LaunchToken): string {
  const use = record.singleUse ? "single use" : "many uses"
  const life = Math.round((record.expiresAt - record.createdAt) / 1000)
  return `launch token for ${record.agentName}: scope ${record.allowedScope.join(" ")}, max ttl ${record.maxTtl} s, ${use}, valid ${life} s`
}
