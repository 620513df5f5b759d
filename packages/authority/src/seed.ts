import { ADMIN_SCOPES, adminTtl } from "./admin-sign-in.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import { createLaunchToken } from "./launch-token.ts"
import { issueToken, prepareToken } from "./token-issue.ts"
import { commit, subjectOf } from "./trail.ts"

/** Tokens to start developing with (CONTRACT 6, `AA_SEED_TOKENS`). */
export interface SeedTokens {
  readonly launchToken: string
  readonly adminToken: string
}

/** Seconds for which the seed launch token may be used. */
const SEED_LIFE = 3600

/** Makes a launch token and an admin token without anyone signing in: for development alone. */
export async function seedTokens(context: AuthorityContext, caller: Caller): Promise<SeedTokens> {
  const ttl = adminTtl(context)
  const admin = prepareToken(context, { sub: "admin", kind: "admin", scope: ADMIN_SCOPES, ttl })
  await commit(context, {
    writes: [],
    events: [
      {
        event_type: "admin_auth",
        ...subjectOf(admin.claims),
        detail: `seed token ${admin.claims.jti} printed at start`,
        resource: caller.resource,
        outcome: "success",
      },
    ],
  })
  const allowedScope = ["read:data:*", "write:data:*"]
  const { launchToken } = await createLaunchToken(context, caller, admin.claims, {
    agentName: "seed",
    allowedScope,
    ttl: SEED_LIFE,
  })
  return { launchToken, adminToken: issueToken(context, admin) }
}
