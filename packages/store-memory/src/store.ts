import {
  type Change,
  type Clock,
  type Committed,
  type Housekeeping,
  type Records,
  type RevocationLog,
  type Store,
  systemClock,
  type Trail,
  UnavailableError,
} from "@agentwrit/authority/ports"
import { applyChange } from "./commit.ts"
import { MemoryData } from "./data.ts"
import { MemoryHousekeeping } from "./housekeeping.ts"
import { MemoryRecords } from "./records.ts"
import { MemoryRevocationLog } from "./revocation-log.ts"
import { MemoryTrail } from "./trail.ts"

/** Options of {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /** Timestamps the events; default: the machine's clock. */
  readonly clock?: Clock
  /** What the store starts with; default: nothing. */
  readonly data?: MemoryData
}

/**
 * AgentWrit's state in the memory of one process: for tests, and for a broker that is embedded in a program. It is lost when the
 * process ends, revocations included.
 */
export class MemoryStore implements Store {
  readonly records: Records
  readonly trail: Trail
  readonly revocations: RevocationLog
  readonly housekeeping: Housekeeping
  readonly #commit: (change: Change) => Committed

  constructor({ clock = systemClock, data = new MemoryData() }: MemoryStoreOptions = {}) {
    const revocations = new MemoryRevocationLog(data)
    const housekeeping = new MemoryHousekeeping(data)
    this.records = new MemoryRecords(data)
    this.trail = new MemoryTrail(data)
    this.revocations = revocations
    this.housekeeping = housekeeping
    this.#commit = (change) => {
      if (housekeeping.closed) throw new UnavailableError("closed", "the store is closed")
      const { events, entries } = applyChange(data, change, clock.now())
      revocations.announce(entries)
      return { events }
    }
  }

  /** Applies a change at once and synchronously; the promise only serves the interface. */
  async commit(change: Change): Promise<Committed> {
    return this.#commit(change)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.housekeeping.close()
  }
}
