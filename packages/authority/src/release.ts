import type { Claims } from "@agentwrit/core"
import { TOKEN_REVOKED } from "./bearer.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { entryLife } from "./revocation.ts"
import { ConflictError, type Write } from "./store.ts"
import { commit, deny, subjectOf } from "./trail.ts"

/** Ends the presented token (CONTRACT 3, `POST /v1/token/release`). A second release is refused as revoked. */
export async function releaseToken(context: AuthorityContext, caller: Caller, claims: Claims): Promise<void> {
  const now = context.clock.now()
  const writes: Write[] = [
    {
      type: "revoke",
      once: true,
      revocation: { level: "token", target: claims.jti, revokedAt: now, ...entryLife(claims.exp * 1000) },
    },
  ]
  if (claims.kind === "agent") writes.push({ type: "release_agent", agentId: claims.sub, jti: claims.jti, at: now })
  try {
    await commit(context, {
      writes,
      events: [
        {
          event_type: "token_released",
          ...subjectOf(claims),
          detail: `token ${claims.jti} released`,
          resource: caller.resource,
          outcome: "success",
        },
      ],
    })
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    const refusal = new Refusal("token_revoked", {
      detail: TOKEN_REVOKED,
      reason: "token was released or renewed meanwhile",
    })
    return deny(context, { types: ["token_revoked_access"], caller, subject: subjectOf(claims) }, refusal)
  }
}
