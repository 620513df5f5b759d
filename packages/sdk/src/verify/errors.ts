import {
  ClaimsError,
  type ClaimsErrorCode,
  CoreError,
  DelegationError,
  type DelegationErrorCode,
  type ProofError,
  type ProofErrorCode,
  TokenError,
  type TokenErrorCode,
  type TokenKind,
} from "@agentwrit/core"
import { AgentWritError, type AgentWritErrorOptions } from "../errors.ts"

/** Why a token is invalid. */
export type InvalidTokenErrorCode =
  | TokenErrorCode
  | ClaimsErrorCode
  | DelegationErrorCode
  /** Revoked at any level, or released. */
  | "token_revoked"
  /** The token is bound to a key, and came as a bearer token (RFC 9449, section 7.2). */
  | "proof_missing"
  /** The token came with a proof, and is not bound to a key. */
  | "token_not_bound"
  /** With `revocation: "introspect"`: valid by all local checks, and refused by the broker. */
  | "token_refused"

/** Why no token can be verified at the moment. */
export type VerifierUnavailableErrorCode =
  /** The verifier has not reached the head of the revocation feed. */
  | "feed_not_joined"
  /**
   * The broker lets only apps of role `verifier` or `gateway` read the feed, and this verifier is none, or its secret
   * is wrong.
   */
  | "feed_refused"
  /** The feed has been silent for too long, or the clocks of broker and verifier differ. */
  | "feed_stale"
  /** The broker's keys could not be fetched. */
  | "keys_unavailable"
  /** With `revocation: "introspect"`: the broker could not be asked. */
  | "introspection_unavailable"
  | "verifier_closed"

/**
 * Base class of the errors of a verifier. The message is for the operator; the client may only read
 * {@link VerificationError.clientDetail}.
 */
export abstract class VerificationError<Code extends string = string> extends AgentWritError<Code> {
  /** The status of a guard's answer. */
  declare readonly status: 401 | 403 | 503
  /** The text for the client, which does not say why a token is refused, except that a proof is missing. */
  readonly clientDetail: string

  constructor(code: Code, message: string, clientDetail: string, options: AgentWritErrorOptions) {
    super(code, message, options)
    this.clientDetail = clientDetail
  }
}

/**
 * What the client reads of an invalid token. Of a bound one that came without a proof it may know that: the token says
 * so.
 */
const clientDetailOf = (code: InvalidTokenErrorCode): string =>
  code === "proof_missing"
    ? "token is bound to a key: send Authorization: DPoP and a DPoP proof (RFC 9449)"
    : "token is invalid or expired"

/** The token is invalid: a 401. */
export class InvalidTokenError extends VerificationError<InvalidTokenErrorCode> {
  override readonly name = "InvalidTokenError"
  declare readonly status: 401

  constructor(code: InvalidTokenErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, clientDetailOf(code), {
      ...options,
      status: 401,
      hint: code === "proof_missing" ? "agents of the SDK send it by their `fetch`" : "the client needs a new token",
    })
  }
}

/** Why a proof is refused. */
export type InvalidProofErrorCode =
  | ProofErrorCode
  /** The guard does not know its own URL, so that it cannot judge proofs. */
  | "public_url_missing"

/** The proof that came with a bound token is refused (RFC 9449, section 4.3): a 401. */
export class InvalidProofError extends VerificationError<InvalidProofErrorCode> {
  override readonly name = "InvalidProofError"
  declare readonly status: 401

  constructor(code: InvalidProofErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, "DPoP proof is not accepted", {
      ...options,
      status: 401,
      hint:
        code === "public_url_missing"
          ? "pass publicUrl to the guard"
          : "the client needs a new proof for each request, made with the token's key and a correct clock",
    })
  }
}

/** The request has no token: a 401 without an error code (RFC 6750, section 3.1). */
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

/** The token is valid, but of a kind that the guard does not accept, such as an app's: a 403. */
export class WrongKindError extends VerificationError<"wrong_kind"> {
  override readonly name = "WrongKindError"
  declare readonly status: 403
  /** The kind of the token. */
  readonly kind: TokenKind

  constructor(kind: TokenKind, accepted: readonly TokenKind[]) {
    super("wrong_kind", `token is of kind ${kind}`, `a token of kind ${accepted.join(" or ")} is needed`, {
      status: 403,
      hint: "agents call this API with their own tokens; the guard's option `kinds` accepts others",
    })
    this.kind = kind
  }
}

/** The token is valid, but its scope does not cover the request: a 403. */
export class InsufficientScopeError extends VerificationError<"insufficient_scope"> {
  override readonly name = "InsufficientScopeError"
  declare readonly status: 403
  /** Every scope that the request needs. */
  readonly required: readonly string[]
  /** The scopes that the token does not cover. */
  readonly missing: readonly string[]

  /** @param hint tells the client what it lacks. Its token is valid, so it may know. */
  constructor(required: readonly string[], missing: readonly string[], hint: string) {
    super("insufficient_scope", `token lacks scope: ${hint}`, "token lacks a scope that the request needs", {
      status: 403,
      hint,
    })
    this.required = required
    this.missing = missing
  }
}

/** Tokens cannot be verified at the moment, so none is accepted: a 503. */
export class VerifierUnavailableError extends VerificationError<VerifierUnavailableErrorCode> {
  override readonly name = "VerifierUnavailableError"
  declare readonly status: 503

  constructor(code: VerifierUnavailableErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, "tokens cannot be verified at the moment", {
      ...options,
      status: 503,
      hint: "check that this service reaches the broker, and that both clocks are correct",
    })
  }
}

/** Every error of verifying a token and requiring a scope, distinguished by `code`. */
export type VerifierError =
  | InvalidTokenError
  | InvalidProofError
  | MissingTokenError
  | WrongKindError
  | InsufficientScopeError
  | VerifierUnavailableError

/** The verifier's error for an error of core. */
export function invalidToken(error: unknown): InvalidTokenError {
  if (!(error instanceof CoreError)) throw error
  const isPrecise = error instanceof TokenError || error instanceof ClaimsError || error instanceof DelegationError
  return new InvalidTokenError(isPrecise ? error.code : "malformed_token", error.message, { cause: error })
}

/** The verifier's error for a refused proof. */
export const invalidProof = (error: ProofError): InvalidProofError =>
  new InvalidProofError(error.code, error.message, { cause: error })
