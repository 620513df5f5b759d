import { exceedingScopes } from "@agentwrit/core"
import type { AuthorityContext } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { scopeHint } from "./scope-hint.ts"
import { ConflictError, type Write } from "./store.ts"

/** The conditions of a commit that stands on an app as it was read: it is made only if the app has not changed since. */
export type AppConditions = readonly Extract<Write, { readonly type: "require_app" }>[]

/** Agents that the operator launched stand under no app. */
const NO_APP: AppConditions = []

/**
 * Holds a scope against the present ceiling of the app that launched an agent: a narrowed ceiling and a deregistration take
 * effect at once (CONTRACT 3).
 * @param appId `undefined` when the operator launched it.
 * @returns what the commit must require, or why not.
 */
export async function underCeiling(
  context: AuthorityContext,
  appId: string | undefined,
  scope: readonly string[],
): Promise<AppConditions | Refusal> {
  if (appId === undefined) return NO_APP
  const app = await context.store.app(appId)
  if (app === undefined || app.deregisteredAt !== undefined)
    return new Refusal("forbidden", {
      detail: "the app that launched this agent is inactive",
      reason: `${appId} is ${app === undefined ? "unknown" : "inactive"}`,
    })
  const exceeding = exceedingScopes(scope, app.scopes)
  if (exceeding[0] === undefined) return [{ type: "require_app", appId, revision: app.revision }]
  return new Refusal("forbidden", {
    detail: "the scope is beyond the ceiling of the app that launched this agent",
    reason: `scope ${exceeding[0]} not covered by the ceiling of ${appId}: ${app.scopes.join(" ")}`,
    hint: scopeHint(exceeding, app.scopes, "allowed"),
  })
}

/** Decides and commits again when an app changed between the two; each time some other change was made, so that it ends. */
export async function whileAppChanges<Result>(decideAndCommit: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await decideAndCommit()
    } catch (error) {
      if (!(error instanceof ConflictError) || error.code !== "app_changed") throw error
    }
  }
}
