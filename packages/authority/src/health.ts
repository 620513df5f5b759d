import type { AuthorityContext } from "./context.ts"
import type { BrokerState } from "./ports/lease.ts"

/** The authority's part of `GET /v1/health` (CONTRACT 3); the host adds version and uptime. */
export interface Health {
  readonly status: "ok" | "degraded"
  /** Whether the store can commit. */
  readonly dbConnected: boolean
  readonly auditEventsCount: number
  readonly auditChain: "ok" | "verifying" | "broken"
  /** The first fault of the trail; for the operator's log, not for clients. */
  readonly trailProblem?: string
  /** The brokers that share the store. Absent: this one has it for itself. */
  readonly brokers?: readonly BrokerState[]
}

/** Answers from memory, so that it works when the disk does not. */
export function health({ store, trailStatus }: AuthorityContext): Health {
  const { writable, trailSize } = store.housekeeping.health()
  const { problem, verifying } = trailStatus
  return {
    status: writable && store.lease?.held !== false ? "ok" : "degraded",
    dbConnected: writable,
    auditEventsCount: trailSize,
    ...(store.lease !== undefined && { brokers: store.lease.brokers }),
    ...(problem === undefined
      ? { auditChain: verifying ? "verifying" : "ok" }
      : { auditChain: "broken", trailProblem: problem }),
  }
}
