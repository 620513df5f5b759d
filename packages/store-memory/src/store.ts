import {
  type Change,
  type Clock,
  type Committed,
  type Housekeeping,
  type Records,
  type Store,
  systemClock,
  type Trail,
  UnavailableError,
} from "@agentwrit/authority/ports"
import { applyChange } from "./commit.ts"
import { MemoryData } from "./data.ts"
import { memoryHousekeeping } from "./housekeeping.ts"
import { memoryRecords } from "./records.ts"
import { type MemoryRevocationLog, memoryRevocationLog } from "./revocation-log.ts"
import { memoryTrail } from "./trail.ts"

/** Options of {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /** Timestamps the events; default: the machine's clock. */
  readonly clock?: Clock
  /** What the store starts with; default: nothing. */
  readonly data?: MemoryData
}

/**
 * AgentWrit's state in the memory of one process: for tests, and for a broker that is embedded in a program. It is lost
 * when the process ends, revocations included.
 */
export class MemoryStore implements Store {
  readonly records: Records
  readonly trail: Trail
  readonly revocations: MemoryRevocationLog
  readonly housekeeping: Housekeeping
  readonly #data: MemoryData
  readonly #clock: Clock

  constructor({ clock = systemClock, data = new MemoryData() }: MemoryStoreOptions = {}) {
    this.#data = data
    this.#clock = clock
    this.records = memoryRecords(data)
    this.trail = memoryTrail(data)
    this.revocations = memoryRevocationLog(data)
    this.housekeeping = memoryHousekeeping(data)
  }

  async commit(change: Change): Promise<Committed> {
    if (!this.housekeeping.health().writable) throw new UnavailableError("closed", "the store is closed")
    const { events, entries } = applyChange(this.#data, change, this.#clock.now())
    this.revocations.announce(entries)
    return { events }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.housekeeping.close()
  }
}
