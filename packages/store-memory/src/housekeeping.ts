import type { Housekeeping, LeaseName, Prunable, StoreHealth } from "@agentwrit/authority/ports"
import type { MemoryData } from "./data.ts"

export class MemoryHousekeeping implements Housekeeping {
  readonly #data: MemoryData
  #closed = false

  constructor(data: MemoryData) {
    this.#data = data
  }

  get closed(): boolean {
    return this.#closed
  }

  async prune(what: Prunable, before: number, limit: number): Promise<number> {
    const { revocations, nonces, launchTokens, delegatedTokens } = this.#data
    switch (what) {
      case "revocations":
        return prune(revocations, ({ pruneAfter }) => pruneAfter ?? Infinity, before + 1, limit)
      case "nonces":
        return prune(nonces, (expiresAt) => expiresAt, before, limit)
      case "launch_tokens":
        return prune(launchTokens, ({ expiresAt }) => expiresAt, before, limit)
      case "delegated_tokens":
        return prune(delegatedTokens, (expiresAt) => expiresAt, before, limit)
    }
  }

  /** The memory belongs to one broker, so it holds every lease. */
  withLease<Result>(_name: LeaseName, work: () => Promise<Result>): Promise<Result> {
    return work()
  }

  health(): StoreHealth {
    return { writable: !this.#closed, trailSize: this.#data.events.length, trailVerified: true }
  }

  async close(): Promise<void> {
    this.#closed = true
  }
}

/** Deletes up to `limit` values whose instant is before `before`, the oldest first. */
function prune<Value>(map: Map<string, Value>, at: (value: Value) => number, before: number, limit: number): number {
  const due = [...map]
    .filter(([, value]) => at(value) < before)
    .sort(([, a], [, b]) => at(a) - at(b))
    .slice(0, limit)
  for (const [key] of due) map.delete(key)
  return due.length
}
