/** What the store knows about itself without reading the disk. */
export interface StoreHealth {
  /** False after a fault that makes commits fail until its cause is gone or the process restarts. */
  readonly writable: boolean
  /** Number of events in the trail. */
  readonly trailSize: number
  /** The fault in the part of the trail that was verified when the store was opened; absent when there is none. */
  readonly trailProblem?: string
  /** Whether that part was the whole trail. */
  readonly trailVerified: boolean
}

/** Expired rows that {@link Housekeeping.prune} deletes. */
export type Prunable = "revocations" | "nonces" | "launch_tokens" | "tokens"

/** Work that only one broker does at a time. */
export type LeaseName = "maintenance" | "verification" | "sealing" | "keys"

/** Upkeep of the store. */
export interface Housekeeping {
  /**
   * Deletes rows that are past: revocations with `pruneAfter` up to `before`, the others with `expiresAt` before it.
   * @returns how many were deleted, `limit` at most.
   */
  prune(what: Prunable, before: number, limit: number): Promise<number>
  /**
   * Runs `work` while this broker holds the lease of that name.
   * @returns what `work` answers; `undefined` when another broker holds the lease, and `work` was not run.
   */
  withLease<Result>(name: LeaseName, work: () => Promise<Result>): Promise<Result | undefined>
  health(): StoreHealth
  /** Finishes queued commits and closes the store. A second call does nothing. */
  close(): Promise<void>
}
