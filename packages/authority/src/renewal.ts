import type { AuditEventType } from "@agentwrit/audit"
import { type Claims, clampTtl } from "@agentwrit/core"
import { underCeiling, whileAppChanges } from "./app-ceiling.ts"
import { type BearerWording, TOKEN_REVOKED } from "./bearer.ts"
import type { AuthorityContext, Caller } from "./context.ts"
import { Refusal } from "./refusal.ts"
import { entryLife } from "./revocation.ts"
import { ConflictError } from "./store.ts"
import { type IssuedToken, issueToken, prepareToken } from "./token-issue.ts"
import { commit, deny, subjectOf } from "./trail.ts"

/** How a renewal words its refusals of a bearer (CONTRACT 1). */
export const RENEWAL_WORDING: BearerWording = { detail: "token renewal failed", alsoDenied: "token_renewal_failed" }

/** Milliseconds for which a superseded token stays listed after it would have expired (CONTRACT 2). */
const SUPERSEDED_GRACE = 5 * 60 * 1000

/**
 * Gives an agent a new token for the one that it presents (CONTRACT 3, `POST /v1/token/renew`): same subject, scope, task and
 * original TTL. The old one is revoked in the same commit, so of many concurrent renewals exactly one succeeds.
 */
export function renewToken(context: AuthorityContext, caller: Caller, held: Claims): Promise<IssuedToken> {
  return whileAppChanges(() => decideAndCommit(context, caller, held))
}

async function decideAndCommit(context: AuthorityContext, caller: Caller, held: Claims): Promise<IssuedToken> {
  const refuse = (refusal: Refusal, ...also: AuditEventType[]) =>
    deny(context, { types: [...also, "token_renewal_failed"], caller, subject: subjectOf(held) }, refusal)

  if (held.delegation_chain !== undefined) {
    const detail = "a delegated token is not renewed"
    return refuse(new Refusal("forbidden", { detail, hint: "ask the delegator for another" }))
  }
  const agent = await context.store.agent(held.sub)
  const refuseAsRevoked = () =>
    refuse(
      new Refusal("token_revoked", {
        detail: TOKEN_REVOKED,
        reason: "token was renewed, released or revoked meanwhile",
      }),
      "token_revoked_access",
    )
  if (agent === undefined || agent.jti !== held.jti) {
    // Its successor may be on disk and not told of yet.
    if (await isListedOnDisk(context, held.jti)) return refuseAsRevoked()
    const reason = agent === undefined ? "agent is unknown" : "token is not the one that the agent holds now"
    return refuse(new Refusal("unauthorized", { detail: RENEWAL_WORDING.detail, reason }))
  }

  const { scope, taskId, orchId } = agent
  const conditions = await underCeiling(context, agent.appId, scope)
  if (conditions instanceof Refusal) return refuse(conditions)
  // The ceiling may have been lowered since.
  const ttl = clampTtl({ requested: agent.ttl, fallback: agent.ttl, limits: [context.settings.maxTtl] })
  const prepared = prepareToken(context, { sub: held.sub, kind: "agent", scope, ttl, taskId, orchId })
  const { claims } = prepared
  const superseded = {
    level: "token",
    target: held.jti,
    revokedAt: context.clock.now(),
    ...entryLife(held.exp * 1000, SUPERSEDED_GRACE),
  } as const
  try {
    await commit(context, {
      writes: [
        ...conditions,
        {
          type: "replace_token",
          agentId: held.sub,
          fromJti: held.jti,
          toJti: claims.jti,
          expiresAt: claims.exp * 1000,
        },
        // Whoever revoked it in this moment meant to stop it, so that it must not live on as its successor.
        { type: "revoke", revocation: superseded, once: true },
      ],
      events: [
        {
          event_type: "token_renewed",
          ...subjectOf(claims),
          detail: `token ${held.jti} replaced by ${claims.jti}, ttl ${ttl} s`,
          resource: caller.resource,
          outcome: "success",
        },
      ],
    })
  } catch (error) {
    if (!(error instanceof ConflictError) || error.code === "app_changed") throw error
    return refuseAsRevoked()
  }
  return { accessToken: issueToken(context, prepared), expiresIn: ttl }
}

async function isListedOnDisk(context: AuthorityContext, jti: string): Promise<boolean> {
  try {
    await commit(context, { writes: [{ type: "require_unrevoked", jti }], events: [] })
    return false
  } catch (error) {
    if (error instanceof ConflictError) return true
    throw error
  }
}
