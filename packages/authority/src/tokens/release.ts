import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { Write } from "../ports/change.ts"
import { retention } from "../revocation/retention.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { quotaOf } from "../trail/trail-quota.ts"
import { ENDED_MEANWHILE, tokenRevoked } from "./token-revoked.ts"

/** How a token is released. */
export interface ReleaseRequest {
  /** Also ends what was delegated from the token. Default: false. */
  readonly cascade?: boolean
}

/** Ends the presented token (CONTRACT 3, `POST /v1/token/release`). A second release is refused as revoked. */
export async function releaseToken(
  context: AuthorityContext,
  caller: Caller,
  claims: Claims,
  { cascade = false }: ReleaseRequest = {},
): Promise<void> {
  const now = context.clock.now()
  const revocation = {
    level: "token",
    target: claims.jti,
    revokedAt: now,
    ...(!cascade && { alone: true }),
    ...retention(claims.exp * 1000),
  } as const
  const writes: Write[] = [{ type: "revoke", once: true, revocation }]
  if (claims.kind === "agent") writes.push({ type: "release_agent", agentId: claims.sub, jti: claims.jti, at: now })
  const detail = `token ${claims.jti} released${cascade ? " with what was delegated from it" : ""}`
  const events = [successEvent("token_released", caller, subjectOf(claims), detail)]
  await commit(
    context,
    { writes, events, quota: quotaOf(claims) },
    { already_revoked: () => tokenRevoked(ENDED_MEANWHILE, [], claims) },
  )
}
