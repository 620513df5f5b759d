import { AgentWritError } from "./errors.ts"

/** Why a credential cannot be used as was asked. */
export type CredentialErrorCode =
  | "credential_expired"
  | "credential_released"
  | "not_renewable"
  | "malformed_token"
  | "release_uncertain"

/** A credential that cannot be used as was asked. */
export class CredentialError extends AgentWritError<CredentialErrorCode> {
  override readonly name = "CredentialError"
}
