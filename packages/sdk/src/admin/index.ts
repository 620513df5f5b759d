export type { BrokerOptions, CallOptions, Fetch } from "../broker-client.ts"
export {
  AgentWritError,
  type AgentWritErrorOptions,
  BrokerError,
  InvalidRequestError,
  NetworkError,
  UnexpectedAnswerError,
} from "../errors.ts"
export { TargetError, type TargetErrorCode } from "../target-error.ts"
export {
  type AdminCallOptions,
  type AdminOptions,
  type AdminSecret,
  type AdminSession,
  type AdminSessionStore,
  AgentWritAdmin,
  type App,
  type AppCreation,
  type AppDeregistration,
  type AppList,
  type AppUpdate,
  type CreatedApp,
  type CreatedLaunchToken,
  type DeregistrationOptions,
  type Health,
  type Key,
  type KeyList,
  type KeyRetirement,
  type KeyRotation,
  type LaunchTokenCreation,
  type LaunchTokenList,
  type Revocation,
  type RevocationPreview,
  type RevocationReceipt,
  type RotatedAuditKey,
  type RotatedSecret,
  type SecretRotation,
  type Validation,
} from "./admin.ts"
export type { AgentsFilter, AgentsPage, AgentsQuery, AgentView } from "./agents.ts"
export type { EventsFilter, EventsPage, EventsQuery, FollowOptions } from "./audit-events.ts"
export type { TrailVerification, TrailVerificationOptions } from "./trail-verification.ts"
