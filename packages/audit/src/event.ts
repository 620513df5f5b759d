import type { JsonObject } from "@agentwrit/core"

/** Every type of event (the table of CONTRACT 4, in its order). */
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

/** The type of an event. */
export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number]

/** Every outcome of an event. */
export const AUDIT_OUTCOMES = ["success", "denied"] as const

/** Whether the action was done or refused. */
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number]

/**
 * One event of the trail, as stored, answered and exported (CONTRACT 4). Its members have their wire names, because
 * those are hashed. Empty members (`""` or the number 0) are absent.
 */
export interface AuditEvent {
  /** `evt-` and the sequence number, see {@link eventId}. */
  readonly id: string
  /** When its commit began: RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
  readonly timestamp: string
  readonly event_type: AuditEventType
  /** The subject that acted: an agent id or `app:{app_id}`. For `token_revoked`, the target. */
  readonly agent_id?: string
  readonly task_id?: string
  readonly orch_id?: string
  /** Who did it, when `agent_id` names the target: `admin`, `operator:{id}` or `app:{app_id}`. */
  readonly actor?: string
  /** The client's address, as far as the operator wants it kept (`AA_AUDIT_SOURCE`). */
  readonly source?: string
  /** The `X-Request-ID` of the request. */
  readonly request_id?: string
  /** What the change gives or takes, as the tables hold it. A secret is there only as its stored hash. */
  readonly data?: JsonObject
  /** Free text for an operator, redacted (see {@link createRedactor}). Always present, possibly empty. */
  readonly detail: string
  /** Path of the request. */
  readonly resource?: string
  readonly outcome: AuditOutcome
  /** How many times the token was delegated, from 1. */
  readonly deleg_depth?: number
  /** The `chain_hash` of the token. */
  readonly deleg_chain_hash?: string
  /** Bytes, from 1. */
  readonly bytes_transferred?: number
  /** Hex SHA-256 of {@link canonicalEvent}. */
  readonly hash: string
  /** The `hash` of the previous event; {@link GENESIS_HASH} in the first. */
  readonly prev_hash: string
}

/** The optional members of an event. */
type OptionalMember =
  | "actor"
  | "agent_id"
  | "task_id"
  | "orch_id"
  | "resource"
  | "deleg_depth"
  | "deleg_chain_hash"
  | "bytes_transferred"
  | "data"
  | "request_id"
  | "source"

/**
 * An event before it is chained. Members may be empty or `undefined`; the chained event does not have them.
 */
export type EventDraft = Pick<AuditEvent, "event_type" | "detail" | "outcome"> & {
  readonly [Member in OptionalMember]?: AuditEvent[Member] | undefined
}
