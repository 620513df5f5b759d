import type { AuditEvent, AuditEventType, AuditOutcome } from "@agentwrit/audit"
import type { AuthorityContext } from "./context.ts"
import { read } from "./store-read.ts"

/** Which events to answer; filters join by "and". Instants are milliseconds since the Unix epoch, both ends included. */
export interface EventQuery {
  readonly agentId?: string
  readonly taskId?: string
  readonly eventType?: AuditEventType
  readonly outcome?: AuditOutcome
  readonly since?: number
  readonly until?: number
  /** Only events with a greater sequence number. */
  readonly after?: number
  /** 1 to 1000. */
  readonly limit: number
  readonly offset: number
}

/** One page of the trail in the chain's order. */
export interface EventPage {
  readonly events: readonly AuditEvent[]
  /** How many events match, on all pages. */
  readonly total: number
}

/** A page of the audit trail (CONTRACT 3, `GET /v1/audit/events`). */
export function queryEvents(context: AuthorityContext, query: EventQuery): Promise<EventPage> {
  return read(context, context.store.events(query))
}
