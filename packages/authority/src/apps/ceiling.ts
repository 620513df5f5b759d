import { exceedingScopes } from "@agentwrit/core"
import type { AuthorityContext } from "../context.ts"
import type { Write } from "../ports/change.ts"
import { Refusal } from "../refusal.ts"
import { scopeHint } from "../scope-hint.ts"
import { scopesText } from "../trail/detail.ts"
import { isAppRevoked } from "./app.ts"

/** Conditions of a commit that relies on an app as it was read: the commit fails when the app has changed since. */
export type AppConditions = readonly Extract<Write, { readonly type: "require_app" }>[]

/**
 * Requires that a scope is within the present ceiling of the app that launched an agent. A lowered ceiling and a
 * deregistration take effect at once (CONTRACT 3).
 * @param appId `undefined` when an operator launched the agent: there is no ceiling then.
 * @returns the conditions for the commit.
 * @throws {@link Refusal} `forbidden`.
 */
export async function requireWithinCeiling(
  context: AuthorityContext,
  appId: string | undefined,
  scope: readonly string[],
): Promise<AppConditions> {
  if (appId === undefined) return []
  const app = await context.store.records.app(appId)
  if (app === undefined || app.deregisteredAt !== undefined)
    throw new Refusal("forbidden", {
      detail: "the app that launched this agent is inactive",
      reason: `${appId} is ${app === undefined ? "unknown" : "inactive"}`,
    })
  if (isAppRevoked(context, app))
    throw new Refusal("forbidden", {
      detail: "the app that launched this agent is revoked",
      reason: `${appId} is revoked`,
    })
  const exceeding = exceedingScopes(scope, app.scopes)
  if (exceeding.length > 0)
    throw new Refusal("forbidden", {
      detail: "the scope is beyond the ceiling of the app that launched this agent",
      reason: `scope ${exceeding[0]} not covered by the ceiling of ${appId}: ${scopesText(app.scopes)}`,
      hint: scopeHint(exceeding, app.scopes, "allowed"),
    })
  return [{ type: "require_app", appId, revision: app.revision }]
}
