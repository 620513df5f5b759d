/** A broker whose lease holds. */
export interface BrokerState {
  readonly id: string
  readonly version: string
  /** Milliseconds for which its lease still holds, unless it renews it. */
  readonly lease: number
  /** The position up to which it has applied the revocation log. */
  readonly applied: number
}

/**
 * This broker's share in a store that several brokers use. Each holds a lease and says how far it has applied the
 * revocation log, so that one that revokes knows when the revocation holds everywhere.
 */
export interface Lease {
  /**
   * Whether every revocation that was answered anywhere is applied here. False from the moment in which the lease may
   * have lapsed, judged by a clock that nobody can set, until this broker has caught up.
   */
  readonly held: boolean
  /** The brokers whose lease holds as this one last saw them, this one included. */
  readonly brokers: readonly BrokerState[]
}
