import type { AuditEventType, EventDraft } from "@agentwrit/audit"
import type { Claims } from "@agentwrit/core"
import type { Caller } from "../caller.ts"

/** The fields of an event that name who acted. */
export type Subject = Pick<
  EventDraft,
  "actor" | "agent_id" | "task_id" | "orch_id" | "deleg_depth" | "deleg_chain_hash"
>

/** The fields of an event that say where its request came from. */
export type Origin = Pick<EventDraft, "request_id" | "resource" | "source">

/** Where a request came from. */
export function originOf({ resource, recordedSource, requestId }: Caller): Origin {
  return { resource, source: recordedSource, request_id: requestId }
}

/**
 * The subject of a verified token, with the length and hash of its delegation chain. Operators and apps are also the
 * actor.
 */
export function subjectOf(claims: Claims): Subject {
  const chain = claims.delegation_chain
  return {
    agent_id: claims.sub,
    ...(claims.kind !== "agent" && { actor: claims.sub }),
    ...(claims.task_id !== undefined && { task_id: claims.task_id }),
    ...(claims.orch_id !== undefined && { orch_id: claims.orch_id }),
    ...(chain !== undefined && { deleg_depth: chain.length }),
    ...(claims.chain_hash !== undefined && { deleg_chain_hash: claims.chain_hash }),
  }
}

/** The event of a use case that succeeded. */
export function successEvent(type: AuditEventType, caller: Caller, subject: Subject, detail: string): EventDraft {
  return { event_type: type, ...subject, detail, ...originOf(caller), outcome: "success" }
}
