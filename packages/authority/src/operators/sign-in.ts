import { clampTtl } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { Refusal } from "../refusal.ts"
import { type IssuedToken, issueToken, type PreparedToken, prepareToken } from "../tokens/issue.ts"
import { storedToken } from "../tokens/stored-token.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { adminTokenId } from "./admin-token-id.ts"

/** The scope of an operator's token (CONTRACT 3, "apps"). */
export const ADMIN_SCOPES: readonly string[] = [
  "admin:launch-tokens:*",
  "admin:revoke:*",
  "admin:audit:*",
  "admin:keys:*",
]

/** Exchanges the admin secret for an admin token (CONTRACT 3, `POST /v1/admin/auth`). */
export async function signInAdmin(context: AuthorityContext, caller: Caller, secret: string): Promise<IssuedToken> {
  const verdict = await context.adminSecret.check(secret, caller.source)
  if (verdict === "busy")
    throw new Refusal("rate_limited", { detail: "too many sign-ins are waiting to be checked", retryAfter: 1 })
  if (verdict === "wrong") throw new Refusal("unauthorized", { detail: "sign-in failed", reason: "wrong admin secret" })
  const { prepared, ttl } = prepareAdminToken(context)
  const { claims } = prepared
  const detail = `admin signed in, token ${claims.jti} for ${ttl} s`
  // Urgent: on a full disk the operator must still be able to sign in and revoke.
  const events = [successEvent("admin_auth", caller, subjectOf(claims), detail)]
  const writes = [{ type: "add_token", token: storedToken(claims) }] as const
  await commit(context, { writes, urgent: true, events })
  return { accessToken: issueToken(context, prepared), expiresIn: ttl }
}

/** An operator's token, within the limit of all tokens: its revocation is published for that long. */
export function prepareAdminToken(context: AuthorityContext): {
  readonly prepared: PreparedToken
  readonly ttl: number
} {
  const { adminTokenTtl, maxTtl } = context.settings
  const ttl = clampTtl({ fallback: adminTokenTtl, limits: [maxTtl] })
  const jti = adminTokenId(context)
  return { prepared: prepareToken(context, { sub: "admin", kind: "admin", scope: ADMIN_SCOPES, ttl, jti }), ttl }
}
