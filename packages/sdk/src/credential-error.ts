import { AgentWritError } from "./errors.ts"

/** Why a credential cannot be used. */
export type CredentialErrorCode =
  | "credential_expired"
  | "credential_released"
  | "not_renewable"
  | "malformed_token"
  | "release_uncertain"

/** The credential cannot be used as requested. */
export class CredentialError extends AgentWritError<CredentialErrorCode> {
  override readonly name = "CredentialError"
}
