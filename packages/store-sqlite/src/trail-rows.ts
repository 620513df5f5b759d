import { type AuditEvent, type AuditEventType, type AuditOutcome, eventId } from "@agentwrit/audit"
import type { StoredCheckpoint } from "@agentwrit/authority/ports"
import type { JsonObject } from "@agentwrit/core"
import { blob, hex } from "./rows.ts"
import { type Query, sql } from "./sql.ts"

/** An audit event. A member that the event does not have is NULL; its id follows from `seq`. */
export interface EventRow {
  readonly seq: number
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number
  readonly event_type: string
  readonly agent_id: string | null
  readonly task_id: string | null
  readonly orch_id: string | null
  readonly detail: string
  readonly resource: string | null
  readonly outcome: string
  readonly deleg_depth: number | null
  readonly deleg_chain_hash: string | null
  readonly bytes_transferred: number | null
  readonly actor: string | null
  readonly source: string | null
  readonly request_id: string | null
  /** The member `data` as JSON. */
  readonly data: string | null
  readonly hash: Uint8Array
  readonly prev_hash: Uint8Array
}

export interface CheckpointRow {
  readonly size: number
  readonly root: Uint8Array
  readonly note: string
  /** The right edge of the tree at that size. Appending continues from it. */
  readonly edge: Uint8Array
  /** Hash of the last event that the checkpoint covers. */
  readonly head_hash: Uint8Array
}

export const newestCheckpoint: Query<CheckpointRow> = sql`select * from checkpoints order by size desc limit 1`

/** The sequence number of the last event. */
export const lastSequence: Query<{ readonly seq: number | null }> = sql`select max(seq) as seq from events`

/** Events with `after` < seq ≤ `upTo`, in the order of the chain. */
export const eventRange = (after: number, upTo: number): Query<EventRow> =>
  sql`select * from events where seq > ${after} and seq <= ${upTo} order by seq`

export function toEvent(row: EventRow): AuditEvent {
  return {
    id: eventId(row.seq),
    timestamp: toTimestamp(row.timestamp),
    event_type: row.event_type as AuditEventType,
    ...(row.agent_id !== null && { agent_id: row.agent_id }),
    ...(row.task_id !== null && { task_id: row.task_id }),
    ...(row.orch_id !== null && { orch_id: row.orch_id }),
    detail: row.detail,
    ...(row.resource !== null && { resource: row.resource }),
    outcome: row.outcome as AuditOutcome,
    ...(row.deleg_depth !== null && { deleg_depth: row.deleg_depth }),
    ...(row.deleg_chain_hash !== null && { deleg_chain_hash: row.deleg_chain_hash }),
    ...(row.bytes_transferred !== null && { bytes_transferred: row.bytes_transferred }),
    ...(row.actor !== null && { actor: row.actor }),
    ...(row.source !== null && { source: row.source }),
    ...(row.request_id !== null && { request_id: row.request_id }),
    ...(typeof row.data === "string" && { data: toData(row.data) }),
    hash: hex(row.hash),
    prev_hash: hex(row.prev_hash),
  }
}

/**
 * Text that is not a JSON object was written by someone else. In another object it breaks the event's hash, which
 * verification reports.
 */
function toData(text: string): JsonObject {
  try {
    return JSON.parse(text)
  } catch {
    return { unreadable: text }
  }
}

/**
 * A number that is not an instant was written by someone else. As text it breaks the event's hash, which verification
 * reports.
 */
function toTimestamp(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString()
}

/** @param data the text of the event's `data`. */
export function fromEvent(event: AuditEvent, seq: number, timestamp: number, data: string | undefined): EventRow {
  return {
    seq,
    timestamp,
    event_type: event.event_type,
    agent_id: event.agent_id ?? null,
    task_id: event.task_id ?? null,
    orch_id: event.orch_id ?? null,
    detail: event.detail,
    resource: event.resource ?? null,
    outcome: event.outcome,
    deleg_depth: event.deleg_depth ?? null,
    deleg_chain_hash: event.deleg_chain_hash ?? null,
    bytes_transferred: event.bytes_transferred ?? null,
    actor: event.actor ?? null,
    source: event.source ?? null,
    request_id: event.request_id ?? null,
    data: data ?? null,
    hash: blob(event.hash),
    prev_hash: blob(event.prev_hash),
  }
}

export function toCheckpoint(row: CheckpointRow): StoredCheckpoint {
  return { size: row.size, root: new Uint8Array(row.root), note: row.note }
}
