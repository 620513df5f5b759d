import { appIdOf, type Claims } from "@agentwrit/core"
import { boundedPage } from "../bounded-page.ts"
import type { AuthorityContext } from "../context.ts"
import type { LaunchToken } from "../ports/records.ts"
import { launchTokenId } from "./launch-token.ts"

/**
 * A launch token in a list: without its text, and without its whole hash. Instants are milliseconds since the Unix
 * epoch.
 */
export interface LaunchTokenView extends Omit<LaunchToken, "hash" | "spentAt" | "mac"> {
  readonly id: string
}

/** The unexpired launch tokens, newest first. */
export interface LaunchTokenList {
  readonly launchTokens: readonly LaunchTokenView[]
  /** How many there are, also beyond those that are listed. */
  readonly total: number
}

/** How many launch tokens an answer lists at most. It ends early at 4 MiB: an app chooses their scopes. */
const MAX_LISTED = 1000

/** All unexpired launch tokens, for an operator (CONTRACT 3, `GET /v1/admin/launch-tokens`). */
export function listLaunchTokens(context: AuthorityContext): Promise<LaunchTokenList> {
  return list(context, undefined)
}

/** The app's own unexpired launch tokens (CONTRACT 3, `GET /v1/app/launch-tokens`). */
export async function listAppLaunchTokens(context: AuthorityContext, issuer: Claims): Promise<LaunchTokenList> {
  const appId = appIdOf(issuer.sub)
  return appId === undefined ? { launchTokens: [], total: 0 } : list(context, appId)
}

async function list({ store, clock }: AuthorityContext, appId: string | undefined): Promise<LaunchTokenList> {
  const now = clock.now()
  const { entries, total } = await boundedPage({ limit: MAX_LISTED, offset: 0 }, async (limit, offset) => {
    const query = { ...(appId !== undefined && { appId }), limit, offset }
    const page = await store.records.launchTokens(query, now)
    return { entries: page.launchTokens.map(viewOf), total: page.total }
  })
  return { launchTokens: entries, total }
}

const viewOf = ({ hash, spentAt: _spent, mac: _mac, ...policy }: LaunchToken): LaunchTokenView => ({
  id: launchTokenId(hash),
  ...policy,
})
