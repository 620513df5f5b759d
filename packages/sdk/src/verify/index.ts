export type { BrokerOptions, Fetch } from "../broker-client.ts"
export { AgentWritError } from "../errors.ts"
export {
  InsufficientScopeError,
  InvalidProofError,
  InvalidTokenError,
  type InvalidTokenErrorCode,
  MissingTokenError,
  VerificationError,
  type VerifierError,
  VerifierUnavailableError,
  type VerifierUnavailableErrorCode,
  WrongKindError,
} from "./errors.ts"
export type { RevocationMode, VerifierOptions } from "./options.ts"
export type { PresentedProof } from "./proofs.ts"
export { requireScope, type ScopeHolder } from "./scope.ts"
export type { VerifiedClaims } from "./verified-tokens.ts"
export { createVerifier, type Verifier } from "./verifier.ts"
