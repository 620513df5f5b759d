import { appSubject, type Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { Write } from "../ports/change.ts"
import type { App } from "../ports/records.ts"
import { revocationOf } from "../revocation/entry.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { requireApp } from "./app.ts"

/** What deregistering an app answers, the first time and every other time. */
export interface AppDeregistration {
  readonly appId: string
  readonly status: "inactive"
  /** Milliseconds since the Unix epoch. */
  readonly deregisteredAt: number
}

/**
 * Deregisters an app (CONTRACT 3, `DELETE /v1/admin/apps/{id}`): it cannot sign in, its tokens are revoked, and its
 * unused launch tokens are void. Its agents keep their tokens but cannot renew or delegate.
 * @param endsAgents also revokes the app (level `app`): its agents and all that they delegated end. Also for an app
 * that was deregistered before.
 */
export async function deregisterApp(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  appId: string | undefined,
  endsAgents = false,
): Promise<AppDeregistration> {
  const app = await requireApp(context, appId)
  const now = context.clock.now()
  const isRepeated = app.deregisteredAt !== undefined
  const ended = endsAgents ? ", its agents ended" : ""
  const detail = isRepeated
    ? `${app.appId} was already deregistered${ended}`
    : `${app.appId} deregistered, its tokens revoked${ended}`
  await commit(context, {
    writes: [
      ...(isRepeated ? [] : deregistration(context, app, now)),
      ...(endsAgents ? [revocation(context, "app", app.appId)] : []),
    ],
    events: [successEvent("app_deregistered", caller, subjectOf(operator), detail)],
  })
  return { appId: app.appId, status: "inactive", deregisteredAt: app.deregisteredAt ?? now }
}

function deregistration(context: AuthorityContext, app: App, now: number): Write[] {
  const changed = { ...app, deregisteredAt: now, updatedAt: now, revision: app.revision + 1 }
  return [{ type: "change_app", app: changed }, revocation(context, "agent", appSubject(app.appId))]
}

const revocation = ({ clock }: AuthorityContext, level: "agent" | "app", target: string): Write => ({
  type: "revoke",
  revocation: revocationOf({ level, target }, clock),
})
