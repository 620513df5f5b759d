import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { App } from "../ports/records.ts"
import { commit } from "../trail/commit.ts"
import { scopesText } from "../trail/detail.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { type AppView, describeApp, requireActiveApp, viewOf } from "./app.ts"

/** The changes of an app; absent fields stay as they are. */
export interface AppUpdateRequest {
  readonly scopes?: readonly string[]
  /** Seconds. */
  readonly tokenTtl?: number
}

/** Changes an app's ceiling or token TTL, with effect at once (CONTRACT 3, `PUT /v1/admin/apps/{id}`). */
export async function updateApp(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  appId: string | undefined,
  { scopes, tokenTtl }: AppUpdateRequest,
): Promise<AppView> {
  const app = await requireActiveApp(context, appId)
  const changed: App = {
    ...app,
    ...(scopes !== undefined && { scopes }),
    ...(tokenTtl !== undefined && { tokenTtl }),
    updatedAt: context.clock.now(),
    revision: app.revision + 1,
  }
  const subject = subjectOf(operator)
  const events = [successEvent("app_updated", caller, subject, `${app.appId} updated: ${describeApp(changed)}`)]
  if (!sameScopes(app.scopes, changed.scopes)) {
    const detail = `ceiling of ${app.appId}: ${scopesText(app.scopes)} became ${scopesText(changed.scopes)}`
    events.push(successEvent("scopes_ceiling_updated", caller, subject, detail))
  }
  await commit(context, { writes: [{ type: "change_app", app: changed }], events })
  return viewOf(changed)
}

function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  const scopes = new Set(one)
  return scopes.size === new Set(other).size && other.every((scope) => scopes.has(scope))
}
