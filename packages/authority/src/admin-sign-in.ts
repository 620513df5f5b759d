import { clampTtl } from "@agentwrit/core"
import type { AuthorityContext, Caller } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { type IssuedToken, issueToken, prepareToken } from "./token-issue.ts"
import { commit, deny } from "./trail.ts"

/** What an operator's token may do (CONTRACT 3, "apps"). */
export const ADMIN_SCOPES: readonly string[] = ["admin:launch-tokens:*", "admin:revoke:*", "admin:audit:*"]

/** Seconds that an operator's token lives: no longer than any may, because its revocation is told of for that long. */
export function adminTtl({ settings }: AuthorityContext): number {
  return clampTtl({ fallback: settings.adminTokenTtl, limits: [settings.maxTtl] })
}

/** Exchanges the admin secret for an admin token (CONTRACT 3, `POST /v1/admin/auth`). */
export async function signInAdmin(context: AuthorityContext, caller: Caller, secret: string): Promise<IssuedToken> {
  const verdict = await context.adminSecret.check(secret, caller.source)
  if (verdict !== "right") {
    const refusal =
      verdict === "busy"
        ? new Refusal("rate_limited", { detail: "too many sign-ins wait to be checked", retryAfter: 1 })
        : new Refusal("unauthorized", { detail: "sign-in failed", reason: "wrong admin secret" })
    return deny(context, { types: ["admin_auth_failed"], caller }, refusal)
  }
  const ttl = adminTtl(context)
  const prepared = prepareToken(context, { sub: "admin", kind: "admin", scope: ADMIN_SCOPES, ttl })
  await commit(context, {
    writes: [],
    // On a full disk the operator must still come in to revoke.
    urgent: true,
    events: [
      {
        event_type: "admin_auth",
        agent_id: prepared.claims.sub,
        detail: `admin signed in, token ${prepared.claims.jti} for ${ttl} s`,
        resource: caller.resource,
        outcome: "success",
      },
    ],
  })
  return { accessToken: issueToken(context, prepared), expiresIn: ttl }
}
