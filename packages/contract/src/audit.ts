import * as v from "valibot"
import { coded, eventSubject, hex, instant, oneOf, pathSegment, text, wholeNumber } from "./fields.ts"
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
  "token_reuse_detected",
  "launch_token_revoked",
  "app_secret_rotated",
  "app_restored",
  "key_rotated",
  "key_retired",
  "token_auth_failed",
  "token_revoked_access",
  "scope_violation",
  "trail_restored",
  "resource_accessed",
] as const

// Fifteen digits: every number that JavaScript counts exactly, and more events than there will be.
const EVENT_ID = /^evt-((?!0+$)(?:[0-9]{6}|[1-9][0-9]{6,14}))$/

/** An event's id on the wire, its sequence number (from 1) in code. */
function eventId(description: string): v.GenericSchema<string, number> {
  return coded({
    description,
    message: "must be an event id such as evt-000042",
    jsonSchema: { pattern: EVENT_ID.source },
    decode: (value) => {
      const digits = EVENT_ID.exec(value)?.[1]
      return digits === undefined ? undefined : Number(digits)
    },
    toWire: (sequence) => `evt-${String(sequence).padStart(6, "0")}`,
  })
}

/** The query parameters of `GET /v1/audit/events`. An event must match all filters. */
export const auditEventsQuery = message({
  actor: v.exactOptional(eventSubject("Who did it: admin, or app:{app_id}")),
  agent_id: v.exactOptional(eventSubject("The subject that acted or, for token_revoked, the target")),
  task_id: v.exactOptional(pathSegment("The task's id")),
  event_type: v.exactOptional(oneOf("The type of event", AUDIT_EVENT_TYPES)),
  outcome: v.exactOptional(oneOf("The outcome", ["success", "denied"])),
  since: v.exactOptional(instant("Only events at or after this instant", "up")),
  until: v.exactOptional(instant("Only events at or before this instant", "down")),
  after: v.exactOptional(eventId("Only events after this one")),
  ...pageQuery,
})

/** An event as it was hashed (CONTRACT 4). Unknown members are kept, because the hash covers them. */
export interface AuditEvent {
  id: string
  timestamp: string
  event_type: string
  actor?: string
  agent_id?: string
  task_id?: string
  orch_id?: string
  detail: string
  resource?: string
  outcome?: string
  deleg_depth?: number
  deleg_chain_hash?: string
  bytes_transferred?: number
  source?: string
  request_id?: string
  data?: Record<string, unknown>
  hash: string
  prev_hash: string
}

/** The schema of an {@link AuditEvent}. */
export const auditEvent: v.GenericSchema<AuditEvent> = v.looseObject({
  id: text("evt- and its number in the chain, from 1, of at least six digits"),
  timestamp: text("When, as RFC 3339 in UTC with milliseconds"),
  event_type: text("What happened"),
  actor: v.exactOptional(text("Who did it, when agent_id names the target")),
  agent_id: v.exactOptional(text("The subject that acted or, for token_revoked, the target")),
  task_id: v.exactOptional(text("The task's id")),
  orch_id: v.exactOptional(text("The orchestration's id")),
  detail: text("What happened, in words; never a secret"),
  resource: v.exactOptional(text("The path that was called")),
  outcome: v.exactOptional(text("success or denied")),
  deleg_depth: v.exactOptional(wholeNumber("How many delegations deep the token was")),
  deleg_chain_hash: v.exactOptional(text("SHA-256 of the token's delegation chain")),
  bytes_transferred: v.exactOptional(wholeNumber("How much was moved, where that is metered")),
  source: v.exactOptional(text("The client's address, as AA_AUDIT_SOURCE keeps it")),
  request_id: v.exactOptional(text("The X-Request-ID of the request")),
  data: v.exactOptional(
    v.pipe(
      v.record(v.string("must be a string"), v.unknown(), "must be an object"),
      v.description("What the change gives or takes, as the tables hold it; secrets only as their stored hashes"),
    ),
  ),
  hash: hex("SHA-256 of the RFC 8785 form of the event without this member", 64),
  prev_hash: hex("The hash of the event before; 64 zeros for the first", 64),
})

/** The answer to `GET /v1/audit/events`, in the chain's order. */
export const auditEventsResponse = message({
  events: v.array(auditEvent, "must be a list of events"),
  ...pageFields,
})
