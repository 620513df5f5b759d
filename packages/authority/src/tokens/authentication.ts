import type { AuditEventType } from "@agentwrit/audit"
import { type Claims, scopesWithin, type TokenKind } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { Refusal } from "../refusal.ts"
import { scopeHint } from "../scope-hint.ts"
import { subjectOf } from "../trail/event.ts"
import { checkToken } from "./check.ts"
import { type Credential, findProofFault, type ProofFault, tokenOf } from "./proof.ts"
import { detectReuse } from "./reuse.ts"
import { tokenRevoked } from "./token-revoked.ts"

/** The kind of token and the scope that a route requires (CONTRACT 2, "Kinds"). The kind is checked first. */
export interface BearerNeeds {
  readonly kinds: readonly TokenKind[]
  /** Absent: the route names no scope. */
  readonly scope?: string
}

/** How a route words its refusals of a bearer token. */
export interface BearerWording {
  /** What a client reads when its token is not good. */
  readonly detail: string
  /** Type of a second event for each refusal. */
  readonly alsoDenied?: AuditEventType
}

const DEFAULT_WORDING: BearerWording = { detail: "token verification failed" }

/**
 * The claims of the token, when it is good, proven if it is bound to a key, and what the route requires.
 * @throws {@link Refusal} `unauthorized`, `token_revoked`, `insufficient_scope` or `forbidden`.
 */
export async function authenticate(
  context: AuthorityContext,
  caller: Caller,
  credential: Credential | undefined,
  needs: BearerNeeds,
  wording: BearerWording = DEFAULT_WORDING,
): Promise<Claims> {
  const { detail } = wording
  const also = wording.alsoDenied === undefined ? [] : [wording.alsoDenied]
  const unauthorized = (reason: string, claims?: Claims, fault?: ProofFault) =>
    new Refusal("unauthorized", {
      detail,
      reason,
      ...(fault !== undefined && { challenge: fault.challenge, hint: fault.hint }),
      events: ["token_auth_failed", ...also],
      subject: claims && subjectOf(claims),
    })
  if (credential === undefined) throw unauthorized("no token in the Authorization header")
  const verdict = await checkToken(context, caller, tokenOf(credential))
  if (verdict.ok) {
    const fault = findProofFault(context, credential, verdict.claims)
    if (fault !== undefined) throw unauthorized(fault.reason, verdict.claims, fault)
    requireKindAndScope(verdict.claims, needs, also)
    return verdict.claims
  }
  const { claims } = verdict
  if (!verdict.isRevoked || claims === undefined) throw unauthorized(verdict.reason, claims)
  // A client without the key of a bound token cannot use it, so it must not be able to end its agent with it either.
  if (findProofFault(context, credential, claims) === undefined) await detectReuse(context, caller, claims)
  throw tokenRevoked(verdict.reason, also, claims)
}

function requireKindAndScope(claims: Claims, { kinds, scope }: BearerNeeds, also: readonly AuditEventType[]): void {
  const recorded = { events: ["scope_violation", ...also], subject: subjectOf(claims) } as const
  if (!kinds.includes(claims.kind))
    throw new Refusal(scope === undefined ? "forbidden" : "insufficient_scope", {
      detail: `this route is for ${kinds.join(" or ")} tokens, not for kind ${claims.kind}`,
      ...recorded,
    })
  if (scope !== undefined && !scopesWithin([scope], claims.scope))
    throw new Refusal("insufficient_scope", {
      detail: `the token lacks the scope ${scope}`,
      hint: scopeHint([scope], claims.scope, "held"),
      ...recorded,
    })
}
