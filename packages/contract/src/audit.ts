import * as v from "valibot"
import { type CodecSchema, codec } from "./codec.ts"
import { documented, eventSubject, hex, instant, oneOf, pathSegment, text, wholeNumber } from "./fields.ts"
import { message } from "./message.ts"
import { pageFields, pageQuery } from "./page.ts"

/** Every type of event that the trail may hold (CONTRACT 4). */
export const AUDIT_EVENT_TYPES = [
  "admin_auth",
  "admin_auth_failed",
  "app_authenticated",
  "app_auth_failed",
  "app_rate_limited",
  "app_registered",
  "app_updated",
  "scopes_ceiling_updated",
  "app_deregistered",
  "launch_token_issued",
  "launch_token_denied",
  "scope_ceiling_exceeded",
  "agent_registered",
  "token_issued",
  "registration_policy_violation",
  "token_renewed",
  "token_renewal_failed",
  "token_released",
  "token_expired",
  "delegation_created",
  "delegation_attenuation_violation",
  "token_revoked",
  "token_auth_failed",
  "token_revoked_access",
  "scope_violation",
  "trail_restored",
  "resource_accessed",
] as const

// Fifteen digits hold every number that JavaScript counts exactly, and more events than there will be.
const EVENT_ID = /^evt-((?!0+$)(?:[0-9]{6}|[1-9][0-9]{6,14}))$/

/** An event's id on the wire, its sequence number (from 1) in code. */
function eventId(): CodecSchema<number> {
  return codec({
    message: "must be an event id such as evt-000042",
    decode: (value) => {
      const digits = EVENT_ID.exec(value)?.[1]
      return digits === undefined ? undefined : Number(digits)
    },
    encode: formatEventId,
    jsonSchema: { pattern: EVENT_ID.source },
  })
}

function formatEventId(sequence: number): string {
  return `evt-${String(sequence).padStart(6, "0")}`
}

/** The query parameters of `GET /v1/audit/events`; filters join by "and". */
export const auditEventsQuery = message({
  agentId: v.exactOptional(documented(eventSubject(), "The subject that acted or, for token_revoked, the target")),
  taskId: v.exactOptional(documented(pathSegment(), "The task's id")),
  eventType: v.exactOptional(documented(oneOf(...AUDIT_EVENT_TYPES), "The type of event")),
  outcome: v.exactOptional(documented(oneOf("success", "denied"), "How it ended")),
  since: v.exactOptional(documented(instant("up"), "Events at or after this instant")),
  until: v.exactOptional(documented(instant("down"), "Events at or before this instant")),
  after: v.exactOptional(documented(eventId(), "Only events after this one")),
  ...pageQuery,
})

/** An event as it was hashed (CONTRACT 4). Unknown members are kept: the hash covers them. */
export interface AuditEvent {
  id: string
  timestamp: string
  event_type: string
  agent_id?: string
  task_id?: string
  orch_id?: string
  detail: string
  resource?: string
  outcome?: string
  deleg_depth?: number
  deleg_chain_hash?: string
  bytes_transferred?: number
  hash: string
  prev_hash: string
}

/** The schema of an {@link AuditEvent}. */
export const auditEvent: v.GenericSchema<AuditEvent> = v.looseObject({
  id: documented(text(), "evt- and its number in the chain, from 1, of at least six digits"),
  timestamp: documented(text(), "When, as RFC 3339 in UTC with milliseconds"),
  event_type: documented(text(), "What happened"),
  agent_id: v.exactOptional(documented(text(), "The subject that acted or, for token_revoked, the target")),
  task_id: v.exactOptional(documented(text(), "The task's id")),
  orch_id: v.exactOptional(documented(text(), "The orchestration's id")),
  detail: documented(text(), "What happened, in words; never a secret"),
  resource: v.exactOptional(documented(text(), "The path that was called")),
  outcome: v.exactOptional(documented(text(), "success or denied")),
  deleg_depth: v.exactOptional(documented(wholeNumber(), "How many delegations deep the token was")),
  deleg_chain_hash: v.exactOptional(documented(text(), "SHA-256 of the token's delegation chain")),
  bytes_transferred: v.exactOptional(documented(wholeNumber(), "How much was moved, where that is metered")),
  hash: documented(hex(64), "SHA-256 of the RFC 8785 form of the event without this member"),
  prev_hash: documented(hex(64), "The hash of the event before; 64 zeros for the first"),
})

/** The answer to `GET /v1/audit/events`, in the chain's order. */
export const auditEventsResponse = message({
  events: v.array(auditEvent, "must be a list of events"),
  ...pageFields,
})
