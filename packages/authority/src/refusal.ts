/** Why a use case refused, as a code of CONTRACT 1's table. */
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

/** The parts of a {@link Refusal}. */
export interface RefusalOptions {
  /** What the client reads: nothing that helps an attacker. */
  readonly detail: string
  /** What the operator reads in trail and log; `detail` when absent. */
  readonly reason?: string
  /** What the client can do next. */
  readonly hint?: string
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number
  readonly cause?: unknown
}

/** A use case said no. It carries two texts: `detail` for the client, `reason` for trail and log. */
export class Refusal extends Error {
  override readonly name = "Refusal"
  readonly code: RefusalCode
  readonly detail: string
  readonly reason: string
  readonly hint?: string
  readonly retryAfter?: number

  constructor(code: RefusalCode, options: RefusalOptions) {
    super(options.reason ?? options.detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.detail = options.detail
    this.reason = options.reason ?? options.detail
    if (options.hint !== undefined) this.hint = options.hint
    if (options.retryAfter !== undefined) this.retryAfter = options.retryAfter
  }
}
