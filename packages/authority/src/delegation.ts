import type { AuditEventType } from "@agentwrit/audit"
import {
  type Claims,
  clampTtl,
  type DelegationRecord,
  exceedingScopes,
  extendChain,
  MAX_DELEGATION_DEPTH,
} from "@agentwrit/core"
import { type AppConditions, underCeiling, whileAppChanges } from "./app-ceiling.ts"
import { TOKEN_REVOKED } from "./bearer.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import type { Agent } from "./records.ts"
import { Refusal } from "./refusal.ts"
import { scopeHint } from "./scope-hint.ts"
import { ConflictError } from "./store.ts"
import { isListed } from "./token-check.ts"
import { type IssuedToken, issueToken, LONGEST_TTL, signOrRefuse } from "./token-issue.ts"
import { commit, deny, subjectOf } from "./trail.ts"

/** What to hand on, and to whom (CONTRACT 3, "delegate"). */
export interface DelegationRequest {
  /** A registered, active agent other than the delegator. */
  readonly delegateTo: string
  readonly scope: readonly string[]
  /** Seconds. */
  readonly ttl: number
}

/** The delegate's token and the chain that it carries, the first delegator first. */
export interface Delegation extends IssuedToken {
  readonly delegationChain: DelegationRecord[]
}

/**
 * Makes a token for another agent (CONTRACT 3, `POST /v1/delegate`): never wider than the delegator's, never longer-lived, at
 * most five delegations deep, with every delegator's signed record in it.
 */
export function delegate(
  context: AuthorityContext,
  caller: Caller,
  held: Claims,
  request: DelegationRequest,
): Promise<Delegation> {
  return whileAppChanges(() => decideAndCommit(context, caller, held, request))
}

async function decideAndCommit(
  context: AuthorityContext,
  caller: Caller,
  held: Claims,
  request: DelegationRequest,
): Promise<Delegation> {
  const decided = await decide(context, held, request)
  if ("refusal" in decided)
    return deny(context, { types: [decided.eventType], caller, subject: subjectOf(held) }, decided.refusal)

  const now = context.clock.now()
  const ttl = clampTtl({
    requested: request.ttl,
    fallback: request.ttl,
    limits: [context.settings.maxTtl, LONGEST_TTL],
  })
  const step = { agent: held.sub, scope: held.scope, delegatedAt: new Date(now) }
  const delegationChain = extendChain(held.delegation_chain ?? [], step, context.signingKey)
  const prepared = signOrRefuse(context, {
    ...{ sub: request.delegateTo, kind: "agent", scope: request.scope, ttl, notAfter: held.exp, delegationChain },
    ...(held.task_id !== undefined && { taskId: held.task_id }),
    ...(held.orch_id !== undefined && { orchId: held.orch_id }),
  })
  if (prepared instanceof Refusal)
    return deny(context, { types: ["delegation_created"], caller, subject: subjectOf(held) }, prepared)
  const { chain_hash, exp, iat, jti } = prepared.claims
  const expiresIn = exp - iat
  if (expiresIn <= 0) {
    const refusal = new Refusal("unauthorized", {
      detail: "token verification failed",
      reason: "token expired meanwhile",
    })
    return deny(context, { types: ["token_auth_failed"], caller, subject: subjectOf(held) }, refusal)
  }
  try {
    await commit(context, {
      writes: [
        ...decided.conditions,
        { type: "require_unrevoked", jti: held.jti },
        { type: "add_delegated_token", jti, expiresAt: exp * 1000 },
      ],
      events: [
        {
          event_type: "delegation_created",
          ...subjectOf(held),
          detail: `token ${jti} delegated to ${request.delegateTo}: scope ${request.scope.join(" ")}, ttl ${expiresIn} s`,
          resource: caller.resource,
          outcome: "success",
          deleg_depth: delegationChain.length,
          deleg_chain_hash: chain_hash,
        },
      ],
    })
  } catch (error) {
    if (!(error instanceof ConflictError) || error.code === "app_changed") throw error
    const refusal = new Refusal("token_revoked", {
      detail: TOKEN_REVOKED,
      reason: "token was renewed, released or revoked meanwhile",
    })
    return deny(
      context,
      { types: ["token_revoked_access", "delegation_created"], caller, subject: subjectOf(held) },
      refusal,
    )
  }
  return { accessToken: issueToken(context, prepared), expiresIn, delegationChain }
}

interface RefusedDelegation {
  readonly eventType: AuditEventType
  readonly refusal: Refusal
}

async function decide(
  context: AuthorityContext,
  held: Claims,
  { delegateTo, scope }: DelegationRequest,
): Promise<RefusedDelegation | { readonly conditions: AppConditions }> {
  const no = (refusal: Refusal): RefusedDelegation => ({ eventType: "delegation_created", refusal })
  if (delegateTo === held.sub)
    return no(new Refusal("invalid_request", { detail: "delegate_to must be another agent than the caller" }))
  const exceeding = exceedingScopes(scope, held.scope)
  if (exceeding[0] !== undefined) {
    const refusal = new Refusal("scope_violation", {
      detail: "scope is wider than the delegator's",
      reason: `scope ${exceeding[0]} not covered by ${held.scope.join(" ")}`,
      hint: scopeHint(exceeding, held.scope, "held"),
    })
    return { eventType: "delegation_attenuation_violation", refusal }
  }
  if (held.delegation_chain !== undefined && held.delegation_chain.length >= MAX_DELEGATION_DEPTH)
    return no(new Refusal("scope_violation", { detail: `a chain has at most ${MAX_DELEGATION_DEPTH} delegations` }))
  // Such an entry covers what would be delegated later too.
  if (isListed(context, "chain", held.sub))
    return no(new Refusal("forbidden", { detail: "what this agent delegates is revoked" }))
  const conditions = await underCeilings(context, held, scope)
  if (conditions instanceof Refusal) return no(conditions)
  const agent = await context.store.agent(delegateTo)
  if (agent === undefined || !isActive(context, agent)) {
    const reason = agent === undefined ? "delegate is unknown" : "delegate is not active"
    return no(
      new Refusal("not_found", { detail: "delegate_to is no active agent", reason: `${reason}: ${delegateTo}` }),
    )
  }
  return { conditions }
}

/** What is handed on must still be allowed to everyone through whom it came, the caller included. */
async function underCeilings(
  context: AuthorityContext,
  held: Claims,
  scope: readonly string[],
): Promise<AppConditions | Refusal> {
  const holders = new Set([...(held.delegation_chain ?? []).map(({ agent }) => agent), held.sub])
  const conditions = new Map<string, AppConditions[number]>()
  for (const holder of holders) {
    const agent = await context.store.agent(holder)
    // A restored copy may have forgotten it, and with it the app whose ceiling it stands under.
    if (agent === undefined)
      return new Refusal("forbidden", {
        detail: "an agent through whom this token came is unknown",
        reason: `agent is unknown: ${holder}`,
      })
    const found = await underCeiling(context, agent.appId, scope)
    if (found instanceof Refusal) return found
    for (const condition of found) conditions.set(condition.appId, condition)
  }
  return [...conditions.values()]
}

/** Whether the agent's own token is good (CONTRACT 2, "Active agent"). */
function isActive(context: AuthorityContext, { agentId, taskId, jti, expiresAt }: Agent): boolean {
  // A released token is listed too.
  if (expiresAt <= context.clock.now()) return false
  return !(isListed(context, "token", jti) || isListed(context, "agent", agentId) || isListed(context, "task", taskId))
}
