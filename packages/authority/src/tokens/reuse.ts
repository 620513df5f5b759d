import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"
import type { AuthorityContext } from "../context.ts"
import { ConflictError } from "../ports/change.ts"
import { Refusal } from "../refusal.ts"
import { revocationOf } from "../revocation/entry.ts"
import { commit } from "../trail/commit.ts"
import { subjectOf, successEvent } from "../trail/event.ts"
import { isRevoked } from "./check.ts"

/** How long a client may go on with the token that it has just renewed: it may have sent requests side by side. */
const RETRY_PERIOD_MS = 10_000

/**
 * Revokes the agent whose superseded token comes back (CONTRACT 3, "renew"): two parties hold the agent's tokens. Call
 * it for a genuine, unexpired token that is revoked; when it is bound to a key, only with a proof of that key.
 *
 * The record of an agent names its current token, so every other token of its own was replaced by a renewal; the
 * revocation log says when. Both outlive a restart. The log keeps the entry as long as the token would be valid.
 */
export async function detectReuse(context: AuthorityContext, caller: Caller, claims: Claims): Promise<void> {
  const { sub, jti, kind, delegation_chain } = claims
  if (kind !== "agent" || delegation_chain !== undefined) return
  if (!isRevoked(context, "token", jti) || isRevoked(context, "agent", sub)) return
  const { records } = context.store
  const agent = await records.agent(sub)
  if (agent === undefined || agent.jti === jti) return
  const now = context.clock.now()
  const supersededAt = await records.tokenRevokedAt(jti)
  if (supersededAt === undefined || now - supersededAt <= RETRY_PERIOD_MS) return
  const age = Math.floor((now - supersededAt) / 1000)
  const detail = `token ${jti} came back ${age} s after its renewal: agent revoked`
  const revocation = revocationOf({ level: "agent", target: sub }, context.clock)
  try {
    await commit(context, {
      writes: [{ type: "revoke", revocation, once: true }],
      events: [successEvent("token_reuse_detected", caller, subjectOf(claims), detail)],
    })
  } catch (error) {
    // Another request has revoked the agent in this moment.
    if (error instanceof ConflictError && error.code === "already_revoked") return
    if (!(error instanceof Refusal)) throw error
    // The store cannot commit. The token is refused all the same, and the next time it comes is another chance.
    context.observer.unrecorded?.({ eventType: "token_reuse_detected", detail }, error)
  }
}
