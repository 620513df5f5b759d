import type { AuditEventType } from "@agentwrit/audit"
import { type Claims, scopesWithin, type TokenKind } from "@agentwrit/core"
import type { AuthorityContext, Caller } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { scopeHint } from "./scope-hint.ts"
import { checkToken } from "./token-check.ts"
import { deny, subjectOf } from "./trail.ts"

/** What a route asks of its caller: a kind first, a scope second (CONTRACT 2, "Kinds"). */
export interface BearerNeeds {
  readonly kinds: readonly TokenKind[]
  /** Absent: the route names no scope. */
  readonly scope?: string
}

/** How a use case words its refusals of a bearer. */
export interface BearerWording {
  /** What a client reads when its token is no good. */
  readonly detail: string
  /** Written to the trail beside the bearer's own event. */
  readonly alsoDenied?: AuditEventType
}

const MIDDLEWARE: BearerWording = { detail: "token verification failed" }

/** What a client reads when its token is genuine but was revoked (CONTRACT 1). */
export const TOKEN_REVOKED = "token has been revoked"

/**
 * The claims of the bearer token that the caller presented, when the token is good and is what the route needs.
 * @throws {@link Refusal} `unauthorized`, `token_revoked`, `insufficient_scope` or `forbidden`; each is in the trail by then.
 */
export async function authenticate(
  context: AuthorityContext,
  caller: Caller,
  bearer: string | undefined,
  needs: BearerNeeds,
  wording: BearerWording = MIDDLEWARE,
): Promise<Claims> {
  const also = wording.alsoDenied === undefined ? [] : [wording.alsoDenied]
  if (bearer === undefined) {
    const refusal = new Refusal("unauthorized", {
      detail: wording.detail,
      reason: "no bearer token in the Authorization header",
    })
    return deny(context, { types: ["token_auth_failed", ...also], caller }, refusal)
  }
  const verdict = checkToken(context, bearer)
  if (!verdict.ok) {
    const subject = verdict.claims && { subject: subjectOf(verdict.claims) }
    if (verdict.revoked) {
      const refusal = new Refusal("token_revoked", { detail: TOKEN_REVOKED, reason: verdict.reason })
      return deny(context, { types: ["token_revoked_access", ...also], caller, ...subject }, refusal)
    }
    const refusal = new Refusal("unauthorized", { detail: wording.detail, reason: verdict.reason })
    return deny(context, { types: ["token_auth_failed", ...also], caller, ...subject }, refusal)
  }
  const refusal = shortfall(verdict.claims, needs)
  if (refusal !== undefined)
    return deny(context, { types: ["scope_violation", ...also], caller, subject: subjectOf(verdict.claims) }, refusal)
  return verdict.claims
}

function shortfall(claims: Claims, needs: BearerNeeds): Refusal | undefined {
  if (!needs.kinds.includes(claims.kind)) {
    const wanted = `this route is for ${needs.kinds.join(" or ")} tokens`
    const reason = `${wanted}, not for kind ${claims.kind}`
    return new Refusal(needs.scope === undefined ? "forbidden" : "insufficient_scope", { detail: reason })
  }
  if (needs.scope === undefined || scopesWithin([needs.scope], claims.scope)) return undefined
  return new Refusal("insufficient_scope", {
    detail: `the token lacks the scope ${needs.scope}`,
    hint: scopeHint([needs.scope], claims.scope, "held"),
  })
}
