/** A scope without the form of CONTRACT 2. */
export type ScopeErrorCode = "invalid_scope"
/** An agent id that SPIFFE's rules forbid. */
export type AgentIdErrorCode = "invalid_agent_id"
/** Text or bytes that the strict encoding rules refuse. */
export type EncodingErrorCode =
  | "invalid_hex"
  | "invalid_base64"
  | "invalid_base64url"
  | "invalid_utf8"
  | "ill_formed_text"
  | "not_canonicalizable"
/** A public key or JWK that is refused. */
export type KeyErrorCode = "invalid_public_key" | "invalid_jwk"
/** A compact JWS that is refused for its form, its header or its signature. */
export type TokenErrorCode = "malformed_token" | "token_too_long" | "wrong_header" | "unknown_key" | "bad_signature"
/** Claims of the wrong form, or not valid at this time, for this issuer or for this audience. */
export type ClaimsErrorCode =
  | "invalid_claims"
  | "token_expired"
  | "token_not_yet_valid"
  | "issuer_mismatch"
  | "audience_mismatch"
/** A delegation chain that is refused. */
export type DelegationErrorCode =
  | "invalid_delegation"
  | "delegation_too_deep"
  | "bad_delegation_signature"
  | "chain_hash_mismatch"
  | "scope_widened"
/** A DPoP proof that is refused. */
export type ProofErrorCode =
  | "malformed_proof"
  | "bad_proof_signature"
  | "proof_mismatch"
  | "proof_outdated"
  | "proof_replayed"
/** A requested TTL that is refused. */
export type TtlErrorCode = "invalid_ttl"

/** Every error code of this package. Released codes are never renamed. */
export type CoreErrorCode =
  | ScopeErrorCode
  | AgentIdErrorCode
  | EncodingErrorCode
  | KeyErrorCode
  | TokenErrorCode
  | ClaimsErrorCode
  | DelegationErrorCode
  | ProofErrorCode
  | TtlErrorCode

/**
 * Base class of all errors that bad input causes. The message is for the operator's log: it names the problem and never
 * repeats a secret, a token or input that was not understood. Programming errors are a `TypeError` instead.
 */
export class CoreError<Code extends CoreErrorCode = CoreErrorCode> extends Error {
  override readonly name: string = "CoreError"
  /** The kind of error, for programs. */
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** See {@link ScopeErrorCode}. */
export class ScopeError extends CoreError<ScopeErrorCode> {
  override readonly name = "ScopeError"
}

/** See {@link AgentIdErrorCode}. */
export class AgentIdError extends CoreError<AgentIdErrorCode> {
  override readonly name = "AgentIdError"
}

/** See {@link EncodingErrorCode}. */
export class EncodingError extends CoreError<EncodingErrorCode> {
  override readonly name = "EncodingError"
}

/** See {@link KeyErrorCode}. */
export class KeyError extends CoreError<KeyErrorCode> {
  override readonly name = "KeyError"
}

/** See {@link TokenErrorCode}. */
export class TokenError extends CoreError<TokenErrorCode> {
  override readonly name = "TokenError"
}

/** See {@link ClaimsErrorCode}. */
export class ClaimsError extends CoreError<ClaimsErrorCode> {
  override readonly name = "ClaimsError"
}

/** See {@link DelegationErrorCode}. */
export class DelegationError extends CoreError<DelegationErrorCode> {
  override readonly name = "DelegationError"
}

/** See {@link ProofErrorCode}. */
export class ProofError extends CoreError<ProofErrorCode> {
  override readonly name = "ProofError"
}

/** See {@link TtlErrorCode}. */
export class TtlError extends CoreError<TtlErrorCode> {
  override readonly name = "TtlError"
}
