import { type ClaimsErrorCode, CoreError, type DelegationErrorCode, type TokenErrorCode } from "@agentwrit/core"
import { AgentWritError, type AgentWritErrorOptions } from "../errors.ts"

/** What is wrong with a token that is not good here and now. */
export type InvalidTokenErrorCode =
  | TokenErrorCode
  | ClaimsErrorCode
  | DelegationErrorCode
  /** Revoked, at one of the four levels, or released. */
  | "token_revoked"
  /** With `revocation: "introspect"`: good by all that can be checked here, and refused by the broker. */
  | "token_refused"

/** Why no token can be accepted at the moment. */
export type VerifierUnavailableErrorCode =
  /** The feed of revocations has not been joined up at its head. */
  | "feed_not_joined"
  /** The feed has brought nothing for too long, or the clocks of broker and verifier differ. */
  | "feed_stale"
  /** The broker's keys could not be fetched. */
  | "keys_unavailable"
  /** With `revocation: "introspect"`: the broker could not be asked. */
  | "introspection_unavailable"
  | "verifier_closed"

/**
 * Base of what a verifier throws. The message tells the operator why; {@link VerificationError.clientDetail} is all that whoever
 * sent the token may read.
 */
export abstract class VerificationError<Code extends string = string> extends AgentWritError<Code> {
  /** What a guard answers with. */
  declare readonly status: 401 | 403 | 503
  /** What the client may read; it never says why a token is refused. */
  readonly clientDetail: string

  constructor(code: Code, message: string, clientDetail: string, options: AgentWritErrorOptions) {
    super(code, message, options)
    this.clientDetail = clientDetail
  }
}

/** The token is not good: a 401. */
export class InvalidTokenError extends VerificationError<InvalidTokenErrorCode> {
  override readonly name = "InvalidTokenError"
  declare readonly status: 401

  constructor(code: InvalidTokenErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, "token is invalid or expired", {
      ...options,
      status: 401,
      hint: "the client needs a new token",
    })
  }
}

/** The request brought no token: a 401 that names no error (RFC 6750, section 3.1). */
export class MissingTokenError extends VerificationError<"missing_token"> {
  override readonly name = "MissingTokenError"
  declare readonly status: 401

  constructor() {
    super("missing_token", "the request has no bearer token", "a bearer token is needed", {
      status: 401,
      hint: "send the token in Authorization: Bearer",
    })
  }
}

/** The token is good, and its scope does not cover what is asked for: a 403. */
export class InsufficientScopeError extends VerificationError<"insufficient_scope"> {
  override readonly name = "InsufficientScopeError"
  declare readonly status: 403
  /** Every scope that is needed. */
  readonly required: readonly string[]
  /** Those that the token does not cover. */
  readonly missing: readonly string[]

  /** @param hint tells the client, which has proved itself, what it lacks. */
  constructor(required: readonly string[], missing: readonly string[], hint: string) {
    super("insufficient_scope", `token lacks scope: ${hint}`, "token lacks a scope that the request needs", {
      status: 403,
      hint,
    })
    this.required = required
    this.missing = missing
  }
}

/** Nothing can be verified now, so nothing is accepted: a 503. */
export class VerifierUnavailableError extends VerificationError<VerifierUnavailableErrorCode> {
  override readonly name = "VerifierUnavailableError"
  declare readonly status: 503

  constructor(code: VerifierUnavailableErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, "tokens cannot be verified at the moment", {
      ...options,
      status: 503,
      hint: "check that this service reaches the broker, and that both clocks are right",
    })
  }
}

/** Everything that verifying a token and asking for a scope can throw; `code` tells which. */
export type VerifierError = InvalidTokenError | MissingTokenError | InsufficientScopeError | VerifierUnavailableError

/** The error of a verifier for what core found wrong with a token. */
export function invalidToken(error: unknown): InvalidTokenError {
  if (!(error instanceof CoreError)) throw error
  const code = TOKEN_FAULTS.has(error.code) ? (error.code as InvalidTokenErrorCode) : "malformed_token"
  return new InvalidTokenError(code, error.message, { cause: error })
}

const TOKEN_FAULTS: ReadonlySet<string> = new Set<InvalidTokenErrorCode>([
  "malformed_token",
  "token_too_long",
  "wrong_header",
  "unknown_key",
  "bad_signature",
  "invalid_claims",
  "token_expired",
  "token_not_yet_valid",
  "issuer_mismatch",
  "audience_mismatch",
  "invalid_delegation",
  "delegation_too_deep",
  "bad_delegation_signature",
  "chain_hash_mismatch",
  "scope_widened",
])
