export { type AcceptDelegationOptions, acceptDelegation } from "./accept-delegation.ts"
export { type AgentKey, type AgentKeyPair, agentKeyOf, generateAgentKey } from "./agent-key.ts"
export type { AllowedOrigin, AllowedOrigins, TokenScheme } from "./allowed-origins.ts"
export {
  AgentWritApp,
  type AppLaunchTokens,
  type AppOptions,
  type CreateAgentOptions,
  type CreateLaunchTokenOptions,
  type FromEnvOptions,
} from "./app.ts"
export type { AuthorizationHeaders, BrokerOptions, CallOptions, Fetch } from "./broker-client.ts"
export type {
  Agent,
  Credential,
  CredentialOptions,
  DelegatedCredential,
  DelegateOptions,
  HeadersOptions,
} from "./credential.ts"
export { CredentialError, type CredentialErrorCode } from "./credential-error.ts"
export type { CredentialFetch, CredentialRequestInit } from "./credential-fetch.ts"
export type { Environment } from "./environment.ts"
export {
  AgentWritError,
  type AgentWritErrorOptions,
  BrokerError,
  InvalidRequestError,
  NetworkError,
  UnexpectedAnswerError,
} from "./errors.ts"
export type { CredentialFailure } from "./managed-token.ts"
export { type AgentOptions, type RegisterAgentOptions, registerAgent } from "./registration.ts"
export { TargetError, type TargetErrorCode } from "./target-error.ts"
