export type { Challenge } from "./agents/challenge.ts"
export type { Registration, RegistrationRequest } from "./agents/registration.ts"
export type { AppView } from "./apps/app.ts"
export type { AppDeregistration } from "./apps/deregistration.ts"
export type { AppCreationRequest, CreatedApp } from "./apps/registration.ts"
export type { RotatedSecret, SecretRotationRequest } from "./apps/secret.ts"
export type { AppSignIn, AppSignInRequest } from "./apps/sign-in.ts"
export type { AppUpdateRequest } from "./apps/update.ts"
export { type Authority, type AuthorityOptions, openAuthority } from "./authority.ts"
export type { Caller } from "./caller.ts"
export type { AuthoritySettings } from "./context.ts"
export type { Delegation, DelegationRequest } from "./delegation/delegation.ts"
export type { Health } from "./health.ts"
export type { RotatedAuditKey } from "./keys/audit-rotation.ts"
export { memoryAuditCustody, memoryCustody } from "./keys/memory-custody.ts"
export { KeyRingError, type KeyRingErrorCode } from "./keys/open-keys.ts"
export { algorithmOf, nativeKey, newPrivateKey, oauthKey, signingKeyOf } from "./keys/private-key.ts"
export { deriveRecordsKey } from "./keys/records-key.ts"
export type { KeyRotationRequest, KeyView, RetiredKey } from "./keys/rotation.ts"
export type { IssuedLaunchToken, LaunchTokenRequest } from "./launch-tokens/launch-token.ts"
export type { LaunchTokenList, LaunchTokenView } from "./launch-tokens/query.ts"
export { type AdminSecret, createAdminSecret, isBcryptHash, type SecretVerdict } from "./operators/admin-secret.ts"
export type { SeedTokens } from "./operators/seed.ts"
export { ADMIN_SCOPES } from "./operators/sign-in.ts"
export {
  type AgentPage,
  type AgentQuery,
  type AgentStatus,
  type AgentView,
  type AppRole,
  type AuditCustody,
  type CheckpointAnchor,
  type Clock,
  type EventPage,
  type EventQuery,
  type HeldKeys,
  type KeyAlgorithm,
  type KeyCustody,
  type KeyUse,
  type MaintenanceReport,
  type Observer,
  type Store,
  type StoreOperation,
  systemClock,
  UnavailableError,
} from "./ports/index.ts"
export { type ProofChallenge, Refusal, type RefusalCode, type RefusalOptions } from "./refusal.ts"
export type { FeedFollower } from "./revocation/feed.ts"
export type { FeedMessage } from "./revocation/feed-message.ts"
export type { RevocationPreview, RevocationReceipt, RevocationRequest } from "./revocation/revocation.ts"
export type { BearerNeeds, BearerWording } from "./tokens/authentication.ts"
export type { IssuedToken } from "./tokens/issue.ts"
export type { Credential, ProvenToken } from "./tokens/proof.ts"
export { RENEWAL_WORDING } from "./tokens/renewal.ts"
export { TOKEN_INVALID } from "./tokens/validation.ts"
export type { Subject } from "./trail/event.ts"
export { type DeclaredRestore, RestoreError, type RestoreErrorCode } from "./trail/restore.ts"
export { TokenBucket } from "./trail/token-bucket.ts"
export { auditOrigin, type TrailContradictionCode, TrailContradictionError } from "./trail/trail-contradiction.ts"
export { uniqueHex } from "./unique-hex.ts"
