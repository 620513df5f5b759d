import type { ProofMemory, RevocationSet } from "@agentwrit/core"
import type { Nonces } from "./agents/nonce.ts"
import type { FairQueue } from "./fair-queue.ts"
import type { AuditKeys } from "./keys/audit-keys.ts"
import type { SigningKeys } from "./keys/signing-keys.ts"
import type { AdminSecret } from "./operators/admin-secret.ts"
import type { AuditCustody } from "./ports/audit-custody.ts"
import type { CheckpointAnchor } from "./ports/checkpoint-anchor.ts"
import type { RememberingClock } from "./ports/clock.ts"
import type { KeyCustody } from "./ports/key-custody.ts"
import type { Observer } from "./ports/observer.ts"
import type { Store } from "./ports/store.ts"
import type { VerifiedTokens } from "./tokens/verified-tokens.ts"
import type { CheckpointSchedule } from "./trail/checkpoint-schedule.ts"
import type { DenialThrottle } from "./trail/denial-throttle.ts"
import type { TrailQuota } from "./trail/trail-quota.ts"

/** The operator's settings (CONTRACT 6). All times are seconds. */
export interface AuthoritySettings {
  /** Host part of every agent id. */
  readonly trustDomain: string
  /** `iss` of every token; not checked when empty. */
  readonly issuer: string
  /** `aud` of every token. Absent: tokens have none, and none is checked. */
  readonly audience?: string
  /** `max_ttl` of a launch token that names none. */
  readonly defaultTtl: number
  /** Upper limit of every token's TTL; 0: no limit. */
  readonly maxTtl: number
  /** Longest life of an agent from its registration, renewals included; 0: no limit. */
  readonly maxAgentLifetime: number
  readonly adminTokenTtl: number
  /** TTL of an app's tokens when the app names none. */
  readonly appTokenTtl: number
  /** Refuse registrations that do not ask for a bound token. Default: false. */
  readonly requireBound?: boolean
  /** Days after which a signing key is rotated by itself; 0: by hand. Default: 0. */
  readonly keyRotationDays?: number
}

/** What is known about the integrity of the trail. */
export interface TrailStatus {
  /** The first fault that was found. No checkpoint is signed while it is set. */
  problem?: string
  /** True until the whole trail was verified once. */
  verifying: boolean
  /** Set when the database was edited while the broker did not run: it gives nothing until it is restored. */
  isLocked?: boolean
}

/** What every use case works with. */
export interface AuthorityContext {
  readonly settings: AuthoritySettings
  readonly store: Store
  readonly clock: RememberingClock
  readonly observer: Observer
  /** Sign and verify tokens, delegation records and the feed. */
  readonly keys: SigningKeys
  readonly custody: KeyCustody
  /** Sign checkpoints. */
  readonly auditKeys: AuditKeys
  /** Absent: the audit key does not rotate. */
  readonly auditCustody?: AuditCustody
  /** The key of the records' seals. */
  readonly recordsKey: Uint8Array
  /** The name on the trail's checkpoints. */
  readonly origin: string
  readonly anchor: CheckpointAnchor
  readonly checkpoints: CheckpointSchedule
  readonly trailStatus: TrailStatus
  readonly adminSecret: AdminSecret
  readonly nonces: Nonces
  readonly revocations: RevocationSet
  /** Targets of levels `app` and `all` whose revocation is being committed, as `level:target`. */
  readonly pendingCutoffs: Set<string>
  readonly verifiedTokens: VerifiedTokens
  /** Verifies the tokens that are not among them, round-robin between sources. */
  readonly unverified: FairQueue
  /** The DPoP proofs that were used. */
  readonly proofs: ProofMemory
  readonly denials: DenialThrottle
  readonly trailQuota: TrailQuota
  /** Removes secrets from free text before it reaches the trail. */
  readonly redact: (text: string) => string
}
