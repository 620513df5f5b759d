import type { AuthorityContext } from "./context.ts"

/** How the authority fares (CONTRACT 3, `GET /v1/health`; version and uptime are its host's to add). */
export interface Health {
  readonly status: "ok" | "degraded"
  /** Whether the store can commit. */
  readonly dbConnected: boolean
  readonly auditEventsCount: number
  readonly auditChain: "ok" | "verifying" | "broken"
  /** What is wrong with the trail; for the operator's log, not for clients. */
  readonly trailProblem?: string
}

/** Answers from memory, so that it works when the disk does not. */
export function health(context: AuthorityContext): Health {
  const { writable, trailSize } = context.store.health()
  return {
    status: writable ? "ok" : "degraded",
    dbConnected: writable,
    auditEventsCount: trailSize,
    ...(context.trailProblem === undefined
      ? { auditChain: context.trailVerifying === true ? "verifying" : "ok" }
      : { auditChain: "broken", trailProblem: context.trailProblem }),
  }
}
