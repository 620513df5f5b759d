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
  "token_auth_failed",
  "token_revoked_access",
  "scope_violation",
  "trail_restored",
  "resource_accessed",
] as const

/** What an event tells of. */
export type AuditEventType = (typeof AUDIT_EVENT_TYPES)[number]

/** Every outcome of an event. */
export const AUDIT_OUTCOMES = ["success", "denied"] as const

/** Whether what the event tells of was done or refused. */
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number]

/**
 * One event of the trail, as it is stored, answered and exported (CONTRACT 4). Its members keep the names of the wire because
 * those names are hashed. A member that would be empty (`""`, or the number 0) is absent.
 */
export interface AuditEvent {
  /** `evt-` and the sequence number, see {@link eventId}. */
  readonly id: string
  /** When its change went to be committed: RFC 3339 in UTC with milliseconds, as `Date.prototype.toISOString` writes it. */
  readonly timestamp: string
  readonly event_type: AuditEventType
  /** The subject that acted: an agent id or `app:{app_id}`. For `token_revoked`, the target. */
  readonly agent_id?: string
  readonly task_id?: string
  readonly orch_id?: string
  /** Free text for an operator, redacted (see {@link createRedactor}). Always present, maybe empty. */
  readonly detail: string
  /** Path of the request. */
  readonly resource?: string
  readonly outcome: AuditOutcome
  /** Delegations behind the token that acted, from 1. */
  readonly deleg_depth?: number
  /** The `chain_hash` of the token that acted. */
  readonly deleg_chain_hash?: string
  /** Bytes, from 1. */
  readonly bytes_transferred?: number
  /** Hex SHA-256 of {@link canonicalEvent}. */
  readonly hash: string
  /** The `hash` of the event before; {@link GENESIS_HASH} in the first. */
  readonly prev_hash: string
}

/** Members that an event may lack. */
type OptionalMember =
  | "agent_id"
  | "task_id"
  | "orch_id"
  | "resource"
  | "deleg_depth"
  | "deleg_chain_hash"
  | "bytes_transferred"

/**
 * An event before it has a place on the trail: what a use case hands over. Members may be empty or `undefined`; the chained event
 * then lacks them.
 */
export type EventDraft = Pick<AuditEvent, "event_type" | "detail" | "outcome"> & {
  readonly [Member in OptionalMember]?: AuditEvent[Member] | undefined
}
