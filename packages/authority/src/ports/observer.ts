import type { AuditEvent, AuditEventType } from "@agentwrit/audit"
import type { Claims, RevocationLevel } from "@agentwrit/core"

/** A kind of access to the store. */
export type StoreOperation = "commit" | "checkpoint" | "query"

/** What one run of the maintenance did. */
export interface MaintenanceReport {
  /** When it ended, in milliseconds since the Unix epoch. */
  readonly at: number
  /** Token-level revocations that were deleted. */
  readonly tokens: number
  readonly nonces: number
  readonly launchTokens: number
  readonly issuedTokens: number
  /** Agents whose token was marked as expired. */
  readonly agents: number
}

/** How many records were sealed. */
export interface SealedCounts {
  readonly apps: number
  readonly launchTokens: number
  readonly agents: number
}

/**
 * The reports of the authority to its host, for logs and metrics. Calls are synchronous: return quickly and do not
 * throw.
 */
export interface Observer {
  /** Events are on disk. `seconds` passed since the store was asked to commit them. */
  committed?(events: readonly AuditEvent[], seconds: number): void
  /** A request was denied, whether or not it gets its own event. */
  denied?(eventType: AuditEventType): void
  tokenIssued?(claims: Claims): void
  /** An operator revoked something. */
  revoked?(level: RevocationLevel): void
  /** `validateToken` answered. */
  validated?(valid: boolean): void
  /** The store failed to do this. */
  storeFailed?(operation: StoreOperation): void
  /** A signing key could not be switched, removed or rotated on time; it is tried again. */
  keyRotationFailed?(cause: unknown): void
  /** The background maintenance finished. */
  maintained?(report: MaintenanceReport): void
  /** The background maintenance failed; it runs again later. */
  maintenanceFailed?(cause: unknown): void
  /**
   * A denial could not be written to the trail, because the store cannot commit. The request was denied all the same.
   */
  unrecorded?(event: { readonly eventType: string; readonly detail: string }, cause: unknown): void
  /** The `nbf` of a genuine token is in the future. */
  clockSkew?(): void
  /** The periodic checkpoint failed; the next commit tries again. */
  checkpointFailed?(cause: unknown): void
  /** The background verification of the whole trail finished. `problem` is the first fault, if any. */
  trailVerified?(problem?: string): void
  /** A record that gives rights was refused, because someone else wrote or changed it. */
  recordTampered?(problem: string): void
  /** Records from a version without seals were sealed as they were found. */
  recordsSealed?(counts: SealedCounts): void
  /** The trail has events but no checkpoint, so that nothing since its first event can be proven. */
  trailUnproven?(since: string, events: number): void
  /** The background verification did not finish; it runs again later. */
  trailUnverified?(cause: unknown): void
}
