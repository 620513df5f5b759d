import type { AuditEventType } from "@agentwrit/audit"
import type { Claims } from "@agentwrit/core"
import { Refusal } from "../refusal.ts"
import { subjectOf } from "../trail/event.ts"

/** Reason for a token that another request ended while this one was being decided. */
export const ENDED_MEANWHILE = "token was renewed, released or revoked meanwhile"

/**
 * Refuses a genuine token that is revoked (CONTRACT 1).
 * @param alsoDenied types of the use case's own events.
 */
export function tokenRevoked(reason: string, alsoDenied: readonly AuditEventType[], claims: Claims): Refusal {
  return new Refusal("token_revoked", {
    detail: "token has been revoked",
    reason,
    events: ["token_revoked_access", ...alsoDenied],
    subject: subjectOf(claims),
  })
}
