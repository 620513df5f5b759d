import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { writeDenial } from "../trail/denial.ts"
import { subjectOf } from "../trail/event.ts"
import { checkToken } from "./check.ts"
import { detectReuse } from "./reuse.ts"

/** What a client learns about any token that is not good (CONTRACT 1). */
export const TOKEN_INVALID = "token is invalid or expired"

/**
 * The claims of a good token (CONTRACT 3, `POST /v1/token/validate`); `undefined` for any other, with the reason in the
 * trail.
 */
export async function validateToken(
  context: AuthorityContext,
  caller: Caller,
  token: string,
): Promise<Claims | undefined> {
  const verdict = await checkToken(context, caller, token)
  context.observer.validated?.(verdict.ok)
  if (verdict.ok) return verdict.claims
  const { claims } = verdict
  // No proof comes with a token that is only asked about, so a bound one tells nothing of its sender.
  if (verdict.isRevoked && claims !== undefined && claims.cnf === undefined) await detectReuse(context, caller, claims)
  await writeDenial(context, {
    types: [verdict.isRevoked ? "token_revoked_access" : "token_auth_failed"],
    caller,
    subject: claims && subjectOf(claims),
    reason: verdict.reason,
  })
  return undefined
}
