import type { Change, Committed } from "./change.ts"
import type { Housekeeping } from "./housekeeping.ts"
import type { Lease } from "./lease.ts"
import type { Records } from "./records.ts"
import type { RevocationLog } from "./revocation-log.ts"
import type { Trail } from "./trail.ts"

/**
 * Where the authority keeps its state: four ports, and one commit over all of them. Every implementation passes the
 * suite of `@agentwrit/testing`.
 */
export interface Store extends AsyncDisposable {
  readonly records: Records
  readonly trail: Trail
  readonly revocations: RevocationLog
  readonly housekeeping: Housekeeping
  /** Absent: one broker has the store for itself. */
  readonly lease?: Lease
  /**
   * Applies a change atomically, chains its events in commit order, and answers once all is on disk and every follower
   * of the revocation log has applied it. A change with `everywhere` is answered once the followers of all brokers have.
   * @throws {@link ConflictError} when a write's condition fails: nothing happened.
   * @throws {@link UnavailableError} when the store cannot commit now.
   */
  commit(change: Change): Promise<Committed>
}
