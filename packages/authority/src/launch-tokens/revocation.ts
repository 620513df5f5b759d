import { appIdOf, type Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { LaunchToken } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { quotaOf } from "../trail/trail-quota.ts"
import { launchTokenId } from "./launch-token.ts"

/**
 * Makes a launch token void for an operator (CONTRACT 3, `DELETE /v1/admin/launch-tokens/{id}`). Its agents live on.
 */
export async function revokeLaunchToken(
  context: AuthorityContext,
  caller: Caller,
  operator: Claims,
  id: string | undefined,
): Promise<void> {
  await remove(context, caller, operator, await find(context, id))
}

/**
 * Makes a launch token of the app's own void (CONTRACT 3, `DELETE /v1/app/launch-tokens/{id}`). One of another app is
 * unknown to it.
 */
export async function revokeAppLaunchToken(
  context: AuthorityContext,
  caller: Caller,
  issuer: Claims,
  id: string | undefined,
): Promise<void> {
  const appId = appIdOf(issuer.sub)
  const launchToken = await find(context, id)
  const isOwn = appId !== undefined && launchToken?.appId === appId
  await remove(context, caller, issuer, isOwn ? launchToken : undefined)
}

/** @param id `undefined` where the request's own is malformed. */
async function find({ store, clock }: AuthorityContext, id: string | undefined): Promise<LaunchToken | undefined> {
  if (id === undefined) return undefined
  return store.records.launchTokenByPrefix(id.slice("lt-".length), clock.now())
}

async function remove(
  context: AuthorityContext,
  caller: Caller,
  remover: Claims,
  launchToken: LaunchToken | undefined,
): Promise<void> {
  if (launchToken === undefined) throw unknown()
  const { hash, agentName, uses } = launchToken
  const detail = `launch token ${launchTokenId(hash)} for ${agentName} made void after ${uses} uses`
  await commit(
    context,
    {
      quota: quotaOf(remover),
      writes: [{ type: "remove_launch_token", hash }],
      events: [successEvent("launch_token_revoked", caller, subjectOf(remover), detail)],
    },
    { launch_token_unusable: unknown },
  )
}

const unknown = (): Refusal =>
  new Refusal("not_found", {
    detail: "there is no such launch token",
    hint: "list the launch tokens to see their ids: expired ones are gone",
  })
