export { type AdminSecret, createAdminSecret, isBcryptHash, type SecretVerdict } from "./admin-secret.ts"
export { ADMIN_SCOPES } from "./admin-sign-in.ts"
export type { AgentPage, AgentQuery, AgentStatus, AgentView } from "./agents-query.ts"
export type { AppView } from "./app.ts"
export type { AppDeregistration } from "./app-deregistration.ts"
export type { AppCreationRequest, CreatedApp } from "./app-registration.ts"
export { APP_SCOPES, type AppSignIn, type AppSignInRequest } from "./app-sign-in.ts"
export type { AppUpdateRequest } from "./app-update.ts"
export type { EventPage, EventQuery } from "./audit-query.ts"
export { type Authority, type AuthorityOptions, openAuthority } from "./authority.ts"
export type { BearerNeeds, BearerWording } from "./bearer.ts"
export type { Challenge } from "./challenge.ts"
export { auditOrigin, type CheckpointWitness, TrailContradictionError } from "./checkpoint.ts"
export { type Clock, systemClock } from "./clock.ts"
export type { AuthoritySettings, Caller, Observer, StoreOperation } from "./context.ts"
export type { Delegation, DelegationRequest } from "./delegation.ts"
export type { FeedMessage } from "./feed-message.ts"
export type { Health } from "./health.ts"
export type { IssuedLaunchToken, LaunchTokenRequest } from "./launch-token.ts"
export type { MaintenanceReport } from "./maintenance.ts"
export type {
  Agent,
  App,
  LaunchToken,
  ListedRevocation,
  Revocation,
  RevocationPage,
  RevokedDigest,
} from "./records.ts"
export { Refusal, type RefusalCode, type RefusalOptions } from "./refusal.ts"
export type { Registration, RegistrationRequest } from "./registration.ts"
export { RENEWAL_WORDING } from "./renewal.ts"
export { type DeclaredRestore, RestoreError } from "./restore.ts"
export type { RevocationReceipt, RevocationRequest } from "./revocation.ts"
export type { FeedFollower } from "./revocation-feed.ts"
export type { SeedTokens } from "./seed.ts"
export {
  type Change,
  type Committed,
  type ConflictCode,
  ConflictError,
  type KeptCheckpoint,
  REVOCATION_ERA,
  type Store,
  type StoreHealth,
  type TreeHead,
  UnavailableError,
  type Write,
} from "./store.ts"
export type { IssuedToken } from "./token-issue.ts"
export { uniqueHex } from "./unique-hex.ts"
export { TOKEN_INVALID } from "./validation.ts"
