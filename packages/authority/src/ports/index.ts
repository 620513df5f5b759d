export {
  agentIdentity,
  agentRight,
  appRight,
  keyRingRight,
  launchTokenRight,
  type Rights,
  revocationRight,
  tokenRight,
} from "../rights/rights.ts"
export { isSealed, Seals } from "../rights/seal.ts"
export {
  changedRecord,
  isSameRight,
  requireRow,
  requireSeal,
  TableFault,
  tableFaultOf,
} from "../rights/table-fault.ts"
export type { AuditCustody } from "./audit-custody.ts"
export {
  type Change,
  type Committed,
  type ConflictCode,
  ConflictError,
  UnavailableError,
  type Write,
} from "./change.ts"
export type { CheckpointAnchor } from "./checkpoint-anchor.ts"
export { type Clock, steadyClock, systemClock, toUnixSeconds } from "./clock.ts"
export type { Housekeeping, LeaseName, Prunable, StoreHealth } from "./housekeeping.ts"
export {
  type HeldKeys,
  type HeldPair,
  type KeyAlgorithm,
  type KeyCustody,
  type KeyUse,
  type NativeKey,
  type OAuthKey,
  USE_OF,
} from "./key-custody.ts"
export type { BrokerState, Lease } from "./lease.ts"
export type { MaintenanceReport, Observer, SealedCounts, StoreOperation } from "./observer.ts"
export type {
  Affected,
  AffectedIds,
  Agent,
  AgentPage,
  AgentQuery,
  AgentStatus,
  AgentView,
  App,
  AppRole,
  LaunchToken,
  LaunchTokenPage,
  LaunchTokenQuery,
  Records,
  RingKey,
  StoredKeyRing,
  StoredToken,
  UnsealedRecords,
} from "./records.ts"
export {
  type Following,
  REVOCATION_ERA,
  type Revocation,
  type RevocationEntry,
  type RevocationFollower,
  type RevocationLog,
  type RevocationPage,
} from "./revocation-log.ts"
export type { Store } from "./store.ts"
export type { EventPage, EventQuery, StoredCheckpoint, Trail, TreeHead, VerifyOptions } from "./trail.ts"
