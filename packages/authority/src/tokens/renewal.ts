import { type Claims, clampTtl } from "@agentwrit/core"
import { endOfLife, lifeEnded } from "../agents/lifetime.ts"
import { requireWithinCeiling } from "../apps/ceiling.ts"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import type { Agent } from "../ports/records.ts"
import { Refusal } from "../refusal.ts"
import { retention } from "../revocation/retention.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { quotaOf } from "../trail/trail-quota.ts"
import type { BearerWording } from "./authentication.ts"
import { type IssuedToken, issueToken, prepareToken, sizeWarning } from "./issue.ts"
import { ENDED_MEANWHILE, tokenRevoked } from "./token-revoked.ts"

/** How the renewal route words its refusals of a bearer token (CONTRACT 1). */
export const RENEWAL_WORDING: BearerWording = { detail: "token renewal failed", alsoDenied: "token_renewal_failed" }

/** How long the revocation of a superseded token is kept after the token's expiry (CONTRACT 2). */
const SUPERSEDED_GRACE_MS = 5 * 60 * 1000

/**
 * Replaces an agent's token (CONTRACT 3, `POST /v1/token/renew`): same subject, scope, task, binding and original TTL,
 * within the agent's lifetime. All of these come from the presented token, which is signed; the agent's record only
 * says whether the token is its current one, and when its life ends. The same commit revokes the old token, so exactly
 * one of several concurrent renewals succeeds.
 */
export async function renewToken(context: AuthorityContext, caller: Caller, held: Claims): Promise<IssuedToken> {
  if (held.delegation_chain !== undefined)
    throw new Refusal("forbidden", {
      detail: "a delegated token cannot be renewed",
      hint: "ask the delegator for another token",
    })
  const agent = await requireCurrentToken(context, held)
  const { scope } = held
  // Tokens of version 2.0.0 do not name the app.
  const appId = held.app_id ?? agent.appId
  const conditions = await requireWithinCeiling(context, appId, scope)
  const original = held.exp - held.iat
  // The operator may have lowered the limit since.
  const ttl = clampTtl({ requested: original, fallback: original, limits: [context.settings.maxTtl] })
  const prepared = prepareToken(context, {
    sub: held.sub,
    kind: "agent",
    scope,
    ttl,
    taskId: held.task_id,
    orchId: held.orch_id,
    appId,
    jkt: held.cnf?.jkt,
    notAfter: endOfLife(context, agent),
  })
  const { jti, exp, iat } = prepared.claims
  const expiresIn = exp - iat
  if (expiresIn <= 0) throw lifeEnded()
  const revokedAt = context.clock.now()
  const superseded = { level: "token", target: held.jti, revokedAt, alone: true, ...supersededRetention(held) } as const
  await commit(
    context,
    {
      quota: quotaOf(held),
      writes: [
        ...conditions,
        { type: "replace_token", agentId: held.sub, fromJti: held.jti, toJti: jti, expiresAt: exp * 1000 },
        // Fails when the old token was revoked in this moment: it must not live on as its successor.
        { type: "revoke", revocation: superseded, once: true },
      ],
      events: [
        successEvent(
          "token_renewed",
          caller,
          subjectOf(prepared.claims),
          `token ${held.jti} replaced by ${jti}, ttl ${expiresIn} s${sizeWarning(prepared)}`,
        ),
      ],
    },
    { token_superseded: () => endedMeanwhile(held), already_revoked: () => endedMeanwhile(held) },
  )
  return { accessToken: issueToken(context, prepared), expiresIn }
}

const supersededRetention = ({ exp }: Claims) => retention(exp * 1000, SUPERSEDED_GRACE_MS)

/** The agent whose current token this is. */
async function requireCurrentToken(context: AuthorityContext, held: Claims): Promise<Agent> {
  const agent = await context.store.records.agent(held.sub)
  if (agent?.jti === held.jti) return agent
  // A concurrent renewal may have revoked the token after it was checked.
  await commit(
    context,
    { writes: [{ type: "require_unrevoked", jti: held.jti }], events: [] },
    { already_revoked: () => endedMeanwhile(held) },
  )
  const reason = agent === undefined ? "agent is unknown" : "token is not the agent's current token"
  throw new Refusal("unauthorized", { detail: RENEWAL_WORDING.detail, reason })
}

const endedMeanwhile = (held: Claims): Refusal => tokenRevoked(ENDED_MEANWHILE, ["token_renewal_failed"], held)
