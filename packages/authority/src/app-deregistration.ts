import type { Claims } from "@agentwrit/core"
import { appSubject, knownApp } from "./app.ts"
import { whileAppChanges } from "./app-ceiling.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { entryLife } from "./revocation.ts"
import { commit, deny, subjectOf } from "./trail.ts"

/** What deregistering answers, the first time and every other. */
export interface AppDeregistration {
  readonly appId: string
  readonly status: "inactive"
  readonly deregisteredAt: number
}

/**
 * Deregisters an app (CONTRACT 3, `DELETE /v1/admin/apps/{id}`): no sign-in, its tokens revoked, its unused launch tokens void;
 * its agents live on but cannot renew or delegate. Again, the answer is the same.
 */
export function deregisterApp(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  appId: string | undefined,
): Promise<AppDeregistration> {
  return whileAppChanges(async () => {
    const app = await knownApp(context, appId)
    const subject = subjectOf(operator)
    if (app instanceof Refusal) return deny(context, { types: ["app_deregistered"], caller, subject }, app)
    const now = context.clock.now()
    const { deregisteredAt = now } = app
    const again = app.deregisteredAt !== undefined
    await commit(context, {
      writes: again
        ? []
        : [
            {
              type: "change_app",
              app: { ...app, deregisteredAt, updatedAt: now, revision: app.revision + 1 },
            },
            {
              type: "revoke",
              revocation: { level: "agent", target: appSubject(app.appId), revokedAt: now, ...entryLife(null) },
            },
          ],
      events: [
        {
          event_type: "app_deregistered",
          ...subject,
          detail: again ? `${app.appId} was deregistered already` : `${app.appId} deregistered, its tokens revoked`,
          resource: caller.resource,
          outcome: "success",
        },
      ],
    })
    return { appId: app.appId, status: "inactive", deregisteredAt }
  })
}
