import { AgentWritError } from "./errors.ts"

/** Why a credential cannot be used. */
export type CredentialErrorCode =
  | "credential_expired"
  | "credential_released"
  | "not_renewable"
  | "malformed_token"
  | "release_uncertain"
  /** The answer to a renewal was lost, so that the token may have been replaced by one that nobody holds. */
  | "renewal_lost"
  /** The token is bound to a key that this process does not hold. */
  | "key_missing"
  /** The token was delegated to another agent. */
  | "other_delegate"
  /** A bound token was asked for, and the broker issues none. */
  | "binding_unavailable"

/** The credential cannot be used as requested. */
export class CredentialError extends AgentWritError<CredentialErrorCode> {
  override readonly name = "CredentialError"
}
