import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { createLaunchToken } from "../launch-tokens/launch-token.ts"
import { issueToken } from "../tokens/issue.ts"
import { storedToken } from "../tokens/stored-token.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { prepareAdminToken } from "./sign-in.ts"

/** Tokens to start developing with (CONTRACT 6, seed tokens). */
export interface SeedTokens {
  readonly launchToken: string
  readonly adminToken: string
}

/** Lifetime of the seed launch token, in seconds. */
const SEED_TTL = 3600

/** Issues a launch token and an admin token without a sign-in. Only for development. */
export async function seedTokens(context: AuthorityContext, caller: Caller): Promise<SeedTokens> {
  const { prepared } = prepareAdminToken(context)
  const { claims } = prepared
  const detail = `seed token ${claims.jti} printed at start`
  const events = [successEvent("admin_auth", caller, subjectOf(claims), detail)]
  await commit(context, { writes: [{ type: "add_token", token: storedToken(claims) }], events })
  const { launchToken } = await createLaunchToken(context, caller, claims, {
    agentName: "seed",
    allowedScope: ["read:data:*", "write:data:*"],
    ttl: SEED_TTL,
  })
  return { launchToken, adminToken: issueToken(context, prepared) }
}
