import { appSubject, type Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { App } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { isRevoked } from "../tokens/check.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { type AppView, requireActiveApp, viewOf } from "./app.ts"

/**
 * Ends a revocation of level `app` (CONTRACT 3, `POST /v1/admin/apps/{id}/restore`): the app can sign in and launch
 * agents again. What was issued before the revocation stays revoked.
 */
export async function restoreApp(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  appId: string | undefined,
): Promise<AppView> {
  const app = await requireActiveApp(context, appId)
  if (isRevoked(context, "agent", appSubject(app.appId)))
    throw new Refusal("conflict", {
      detail: `${app.appId} was revoked by version 2.0.0, which cannot be taken back`,
      hint: "register another app",
    })
  const { revokedAt, ...rest } = app
  const isRepeated = revokedAt === undefined
  const changed: App = isRepeated ? app : { ...rest, updatedAt: context.clock.now(), revision: app.revision + 1 }
  const detail = isRepeated ? `${app.appId} was not revoked` : `${app.appId} restored`
  await commit(context, {
    writes: isRepeated ? [] : [{ type: "change_app", app: changed }],
    events: [successEvent("app_restored", caller, subjectOf(operator), detail)],
  })
  return viewOf(changed)
}
