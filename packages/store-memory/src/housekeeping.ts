import type { Housekeeping, Prunable } from "@agentwrit/authority/ports"
import type { MemoryData } from "./data.ts"

export function memoryHousekeeping(data: MemoryData): Housekeeping {
  const { revocations, nonces, launchTokens, tokens } = data
  const prunings: Readonly<Record<Prunable, (before: number, limit: number) => number>> = {
    revocations: (before, limit) => prune(revocations, ({ pruneAfter }) => pruneAfter ?? Infinity, before + 1, limit),
    nonces: (before, limit) => prune(nonces, ({ expiresAt }) => expiresAt, before, limit),
    launch_tokens: (before, limit) => prune(launchTokens, ({ expiresAt }) => expiresAt, before, limit),
    tokens: (before, limit) => prune(tokens, ({ expiresAt }) => expiresAt, before, limit),
  }
  let closed = false
  return {
    prune: async (what, before, limit) => prunings[what](before, limit),
    // The memory belongs to one broker, so it holds every lease.
    withLease: (_name, work) => work(),
    health: () => ({ writable: !closed, trailSize: data.events.length, trailVerified: true }),
    async close() {
      closed = true
    },
  }
}

/** Deletes up to `limit` values whose instant is before `before`, oldest first. */
function prune<Value>(map: Map<string, Value>, at: (value: Value) => number, before: number, limit: number): number {
  const due = [...map].filter(([, value]) => at(value) < before).sort(([, a], [, b]) => at(a) - at(b))
  for (const [key] of due.slice(0, limit)) map.delete(key)
  return Math.min(due.length, limit)
}
