import type { Claims } from "@agentwrit/core"
import { type AppView, describeApp, knownApp, viewOf } from "./app.ts"
import { whileAppChanges } from "./app-ceiling.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import type { App } from "./records.ts"
import { Refusal } from "./refusal.ts"
import { commit, deny, subjectOf } from "./trail.ts"

/** What of an app shall change. */
export interface AppUpdateRequest {
  readonly scopes?: readonly string[]
  readonly tokenTtl?: number
}

/** Changes an app's ceiling or token TTL, in force at once (CONTRACT 3, `PUT /v1/admin/apps/{id}`). */
export function updateApp(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  appId: string | undefined,
  request: AppUpdateRequest,
): Promise<AppView> {
  return whileAppChanges(async () => {
    const app = await activeApp(context, appId)
    if (app instanceof Refusal)
      return deny(context, { types: ["app_updated"], caller, subject: subjectOf(operator) }, app)
    const changed: App = {
      ...app,
      ...(request.scopes !== undefined && { scopes: request.scopes }),
      ...(request.tokenTtl !== undefined && { tokenTtl: request.tokenTtl }),
      updatedAt: context.clock.now(),
      revision: app.revision + 1,
    }
    const event = { ...subjectOf(operator), resource: caller.resource, outcome: "success" } as const
    await commit(context, {
      writes: [{ type: "change_app", app: changed }],
      events: [
        { ...event, event_type: "app_updated", detail: `${app.appId} updated: ${describeApp(changed)}` },
        ...(sameScopes(app.scopes, changed.scopes)
          ? []
          : [
              {
                ...event,
                event_type: "scopes_ceiling_updated",
                detail: `ceiling of ${app.appId}: ${app.scopes.join(" ")} became ${changed.scopes.join(" ")}`,
              } as const,
            ]),
      ],
    })
    return viewOf(changed)
  })
}

async function activeApp(context: AuthorityContext, appId: string | undefined): Promise<App | Refusal> {
  const app = await knownApp(context, appId)
  if (app instanceof Refusal || app.deregisteredAt === undefined) return app
  return new Refusal("conflict", {
    detail: `${app.appId} is inactive`,
    hint: "register another app: a deregistration is final",
  })
}

function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  const has = new Set(one)
  return has.size === new Set(other).size && other.every((scope) => has.has(scope))
}
