import {
  type Claims,
  clampTtl,
  type DelegationRecord,
  exceedingScopes,
  extendChain,
  keyIdOf,
  MAX_DELEGATION_DEPTH,
} from "@agentwrit/core"
import { endOfLife } from "../agents/lifetime.ts"
import { isAgentRevoked } from "../agents/revoked.ts"
import { type AppConditions, requireWithinCeiling } from "../apps/ceiling.ts"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { Agent } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { scopeHint } from "../scope-hint.ts"
import { isRevoked } from "../tokens/check.ts"
import { type IssuedToken, issueToken, MAX_TOKEN_TTL, prepareToken, sizeWarning } from "../tokens/issue.ts"
import { storedToken } from "../tokens/stored-token.ts"
import { ENDED_MEANWHILE, tokenRevoked } from "../tokens/token-revoked.ts"
import { commit } from "../trail/commit.ts"
import { scopesText } from "../trail/detail.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { quotaOf } from "../trail/trail-quota.ts"

/** What to delegate, and to whom (CONTRACT 3, "delegate"). */
export interface DelegationRequest {
  /** A registered, active agent other than the delegator. */
  readonly delegateTo: string
  readonly scope: readonly string[]
  /** Seconds. */
  readonly ttl: number
}

/** The delegate's token and its chain, the first delegator first. */
export interface Delegation extends IssuedToken {
  readonly delegationChain: DelegationRecord[]
}

/**
 * Issues a token to another agent (CONTRACT 3, `POST /v1/delegate`). It has no wider scope and no longer life than the
 * delegator's, is within the ceilings of the apps of all agents that it passed through and of the delegate's, and
 * carries a signed record of every delegator, at most five.
 */
export async function delegate(
  context: AuthorityContext,
  caller: Caller,
  held: Claims,
  { delegateTo, scope, ttl: requested }: DelegationRequest,
): Promise<Delegation> {
  const chain = held.delegation_chain ?? []
  if (delegateTo === held.sub)
    throw new Refusal("invalid_request", { detail: "delegate_to must be another agent than the caller" })
  requireWithinHeldScope(held, scope)
  if (chain.length >= MAX_DELEGATION_DEPTH)
    throw new Refusal("scope_violation", { detail: `a chain has at most ${MAX_DELEGATION_DEPTH} delegations` })
  // A revocation at level `chain` also covers what would be delegated later.
  if (isRevoked(context, "chain", held.sub))
    throw new Refusal("forbidden", { detail: "all that this agent delegates is revoked" })
  const ofHolders = await requireWithinCeilings(context, held, scope)
  const agent = await requireActiveAgent(context, delegateTo)
  const ofDelegate = await requireWithinCeiling(context, agent.appId, scope)
  const conditions = distinct([...ofHolders, ...ofDelegate])

  const limits = [context.settings.maxTtl, MAX_TOKEN_TTL]
  const ttl = clampTtl({ requested, fallback: requested, limits })
  const delegatedAt = new Date(context.clock.now())
  const step = { agent: held.sub, appId: held.app_id, scope: held.scope, delegatedAt, jti: held.jti }
  const delegationChain = extendChain(chain, step, context.keys.current)
  const prepared = prepareToken(context, {
    sub: delegateTo,
    kind: "agent",
    scope,
    ttl,
    notAfter: Math.min(held.exp, endOfLife(context, agent) ?? held.exp),
    taskId: held.task_id,
    orchId: held.orch_id,
    appId: agent.appId,
    // Only the delegate can use a token that is bound to its key.
    jkt: agent.bound ? keyIdOf(agent.publicKey) : undefined,
    delegationChain,
  })
  const { chain_hash, exp, iat, jti } = prepared.claims
  const expiresIn = exp - iat
  if (expiresIn <= 0) throw expiredMeanwhile()
  const delegated = `token ${jti} delegated to ${delegateTo}: scope ${scopesText(scope)}, ttl ${expiresIn} s`
  const detail = `${delegated}${sizeWarning(prepared)}`
  const subject = { ...subjectOf(held), deleg_depth: delegationChain.length, deleg_chain_hash: chain_hash }
  await commit(
    context,
    {
      quota: quotaOf(held),
      writes: [
        ...conditions,
        { type: "require_unrevoked", jti: held.jti },
        { type: "add_token", token: storedToken(prepared.claims) },
      ],
      events: [successEvent("delegation_created", caller, subject, detail)],
    },
    { already_revoked: () => tokenRevoked(ENDED_MEANWHILE, ["delegation_created"], held) },
  )
  return { accessToken: issueToken(context, prepared), expiresIn, delegationChain }
}

function requireWithinHeldScope(held: Claims, scope: readonly string[]): void {
  const exceeding = exceedingScopes(scope, held.scope)
  if (exceeding.length > 0)
    throw new Refusal("scope_violation", {
      detail: "scope is wider than the delegator's",
      reason: `scope ${exceeding[0]} not covered by ${scopesText(held.scope)}`,
      hint: scopeHint(exceeding, held.scope, "held"),
      events: ["delegation_attenuation_violation"],
    })
}

/**
 * The ceilings of the caller and of every agent in its chain must cover the scope (CONTRACT 2, "Ceilings are
 * absolute").
 */
async function requireWithinCeilings(
  context: AuthorityContext,
  held: Claims,
  scope: readonly string[],
): Promise<AppConditions> {
  const holders = new Set([...(held.delegation_chain ?? []).map(({ agent }) => agent), held.sub])
  const conditions: AppConditions[number][] = []
  for (const holder of holders) {
    const agent = await context.store.records.agent(holder)
    // A restored copy may not contain the agent, and so not tell which ceiling applies.
    if (agent === undefined)
      throw new Refusal("forbidden", {
        detail: "an agent of the delegation chain is unknown",
        reason: `agent is unknown: ${holder}`,
      })
    conditions.push(...(await requireWithinCeiling(context, agent.appId, scope)))
  }
  return conditions
}

/** One condition for each app: agents of a chain often have the same one. */
function distinct(conditions: AppConditions): AppConditions {
  return [...new Map(conditions.map((condition) => [condition.appId, condition])).values()]
}

/** The delegate, which must be active. */
async function requireActiveAgent(context: AuthorityContext, agentId: string): Promise<Agent> {
  const agent = await context.store.records.agent(agentId)
  if (agent !== undefined && isActive(context, agent)) return agent
  throw new Refusal("not_found", {
    detail: "delegate_to is not an active agent",
    reason: `delegate is ${agent === undefined ? "unknown" : "not active"}: ${agentId}`,
  })
}

/** Whether the agent's own token is good (CONTRACT 2, "Active agent"). */
function isActive(context: AuthorityContext, agent: Agent): boolean {
  return agent.expiresAt > context.clock.now() && !isAgentRevoked(context, agent)
}

const expiredMeanwhile = (): Refusal =>
  new Refusal("unauthorized", {
    detail: "token verification failed",
    reason: "token expired meanwhile",
    events: ["token_auth_failed"],
  })
