import type { AuditEvent, AuditEventType } from "@agentwrit/audit"
import type { Claims, RevocationLevel, RevocationSet, SigningKey } from "@agentwrit/core"
import type { AdminSecret } from "./admin-secret.ts"
import type { CheckpointWitness } from "./checkpoint.ts"
import type { Clock } from "./clock.ts"
import type { DenialFold } from "./denial-fold.ts"
import type { MaintenanceReport } from "./maintenance.ts"
import type { NonceMint } from "./nonce.ts"
import type { Store } from "./store.ts"
import type { VerifiedTokens } from "./verified-tokens.ts"

/** What an operator decides (CONTRACT 6). All times are seconds. */
export interface AuthoritySettings {
  /** Host part of every agent id. */
  readonly trustDomain: string
  /** `iss` of every token; checked only when not empty. */
  readonly issuer: string
  /** `aud` of every token; absent: neither written nor checked. */
  readonly audience?: string
  /** `max_ttl` of a launch token that names none. */
  readonly defaultTtl: number
  /** Ceiling of every token's TTL; 0 is none. */
  readonly maxTtl: number
  readonly adminTokenTtl: number
  /** TTL of an app's tokens where the app names none. */
  readonly appTokenTtl: number
}

/** Who asks, as far as the trail wants to know. */
export interface Caller {
  /** The path asked for. */
  readonly resource: string
  /** Address that the request came from. */
  readonly source: string
}

/** What a store is asked to do. */
export type StoreOperation = "commit" | "checkpoint" | "query"

/** What the authority tells its host, for logs and metrics. Called synchronously, so it must be quick and must not throw. */
export interface Observer {
  /** Events became durable, so many seconds after the store was asked to commit them. */
  committed?(events: readonly AuditEvent[], seconds: number): void
  /** Something was denied, whether or not it gets an event of its own. */
  denied?(eventType: AuditEventType): void
  /** A token was handed out. */
  tokenIssued?(claims: Claims): void
  /** Something was revoked by the operator. */
  revoked?(level: RevocationLevel): void
  /** A token was validated for someone else. */
  validated?(valid: boolean): void
  /** The store could not do what it was asked. */
  storeFailed?(operation: StoreOperation): void
  /** The background maintenance ran to its end. */
  maintained?(report: MaintenanceReport): void
  /** It could not; it is tried again. */
  maintenanceFailed?(cause: unknown): void
  /** A denial could not be written to the trail, because the store cannot commit; it was denied all the same. */
  unrecorded?(event: { readonly eventType: string; readonly detail: string }, cause: unknown): void
  /** A genuine token's `nbf` lies ahead of the clock. */
  clockSkew?(): void
  /** The periodic signing of a checkpoint failed; it is tried again with the next commit. */
  checkpointFailed?(cause: unknown): void
  /** All of the trail was verified in the background. `problem`: what is wrong with it; absent when nothing is. */
  trailVerified?(problem?: string): void
  /** The verification in the background could not be done; it is tried again. */
  trailUnverified?(cause: unknown): void
}

/** Everything a use case works with. */
export interface AuthorityContext {
  readonly settings: AuthoritySettings
  readonly store: Store
  readonly clock: Clock
  readonly observer: Observer
  readonly signingKey: SigningKey
  readonly auditKey: SigningKey
  /** The name on the trail's checkpoints. */
  readonly origin: string
  readonly adminSecret: AdminSecret
  readonly witness: CheckpointWitness
  readonly nonces: NonceMint
  readonly revocations: RevocationSet
  readonly verifiedTokens: VerifiedTokens
  readonly denials: DenialFold
  /** Takes secrets out of free text before it reaches the trail. */
  readonly redact: (text: string) => string
  /** What is wrong with the trail; no checkpoint is signed while it is set. */
  trailProblem?: string
  /** Whether the whole trail was not verified yet since the start. */
  trailVerifying?: boolean
}
