export type { BrokerOptions, Fetch } from "../broker-client.ts"
export { AgentWritError } from "../errors.ts"
export {
  InsufficientScopeError,
  InvalidTokenError,
  type InvalidTokenErrorCode,
  MissingTokenError,
  VerificationError,
  type VerifierError,
  VerifierUnavailableError,
  type VerifierUnavailableErrorCode,
} from "./errors.ts"
export type { RevocationMode, VerifierOptions } from "./options.ts"
export { requireScope, type ScopeHolder } from "./scope.ts"
export type { VerifiedClaims } from "./verified-tokens.ts"
export { createVerifier, type Verifier } from "./verifier.ts"
