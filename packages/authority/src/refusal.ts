import type { AuditEventType } from "@agentwrit/audit"
import type { Subject } from "./trail/event.ts"

/** Why a use case refused: a code of the table in CONTRACT 1. */
export type RefusalCode =
  | "invalid_request"
  | "invalid_ttl"
  | "unauthorized"
  | "token_revoked"
  | "insufficient_scope"
  | "scope_violation"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "payload_too_large"
  | "rate_limited"
  | "unavailable"

/** What is wrong with a token or proof that came by DPoP, as RFC 9449 section 7.1 names it. */
export type ProofChallenge = "invalid_token" | "invalid_dpop_proof"

/** The parts of a {@link Refusal}. */
export interface RefusalOptions {
  /** What the client reads. Contains nothing that helps an attacker. */
  readonly detail: string
  /** What the operator reads in trail and log. Default: `detail`. */
  readonly reason?: string
  /** What the client can do next. */
  readonly hint?: string
  /** Seconds after which a retry makes sense. */
  readonly retryAfter?: number
  /** The token needs a proof of its key: what the client's challenge says. */
  readonly challenge?: ProofChallenge
  readonly cause?: unknown
  /** Types of the audit events that record it. Default: the type of the use case. */
  readonly events?: readonly AuditEventType[]
  /** Whom those events name. Default: the use case's caller, when it presented a token. */
  readonly subject?: Subject | undefined
}

/**
 * A use case refused the request. It has two texts: `detail` for the client, `reason` for trail and log. A use case
 * only throws it; the wrapper around all use cases records it in the trail.
 */
export class Refusal extends Error {
  override readonly name = "Refusal"
  readonly code: RefusalCode
  readonly detail: string
  readonly reason: string
  readonly hint?: string
  readonly retryAfter?: number
  readonly challenge?: ProofChallenge
  readonly events?: readonly AuditEventType[]
  readonly subject?: Subject

  constructor(code: RefusalCode, options: RefusalOptions) {
    const { detail, reason = detail, hint, retryAfter, challenge, cause, events, subject } = options
    super(reason, cause === undefined ? undefined : { cause })
    this.code = code
    this.detail = detail
    this.reason = reason
    if (hint !== undefined) this.hint = hint
    if (retryAfter !== undefined) this.retryAfter = retryAfter
    if (challenge !== undefined) this.challenge = challenge
    if (events !== undefined) this.events = events
    if (subject !== undefined) this.subject = subject
  }
}
