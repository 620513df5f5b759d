import type { Claims } from "@agentwrit/core"
import type { AuthorityContext, Caller } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { checkToken } from "./token-check.ts"
import { deny, subjectOf } from "./trail.ts"

/** All that a client learns of a token that is no good (CONTRACT 1). */
export const TOKEN_INVALID = "token is invalid or expired"

/** The claims of a good token; for any other, `undefined` to the client and the reason to trail and log. */
export async function validateToken(
  context: AuthorityContext,
  caller: Caller,
  token: string,
): Promise<Claims | undefined> {
  const verdict = checkToken(context, token)
  context.observer.validated?.(verdict.ok)
  if (verdict.ok) return verdict.claims
  const types = [verdict.revoked ? "token_revoked_access" : "token_auth_failed"] as const
  const subject = verdict.claims && { subject: subjectOf(verdict.claims) }
  const refusal = new Refusal("unauthorized", { detail: TOKEN_INVALID, reason: verdict.reason })
  return deny(context, { types, caller, ...subject }, refusal).catch((error) => {
    if (error === refusal) return undefined
    throw error
  })
}
