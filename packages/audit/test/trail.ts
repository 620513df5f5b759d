import {
  AUDIT_EVENT_TYPES,
  AUDIT_OUTCOMES,
  type AuditEvent,
  chainEvent,
  type EventDraft,
  GENESIS_HASH,
  RightEdge,
} from "@agentwrit/audit"
import { createSigningKey, type JsonObject } from "@agentwrit/core"
import fc from "fast-check"

/** A draft with every member, with changes. */
export function draft(changes: Partial<EventDraft> = {}): EventDraft {
  return {
    event_type: "delegation_created",
    agent_id: "spiffe://agentwrit.local/agent/orch-1/task-1/0123456789abcdef",
    task_id: "task-1",
    orch_id: "orch-1",
    detail: "delegated read:data:1 to the “reader”\n",
    resource: "/v1/delegate",
    outcome: "success",
    deleg_depth: 2,
    deleg_chain_hash: "c".repeat(64),
    bytes_transferred: 1024,
    ...changes,
  }
}

/** A chained trail, and the edge of its tree. */
export function chained(drafts: readonly EventDraft[]): {
  events: AuditEvent[]
  edge: RightEdge
  leaves: Uint8Array[]
} {
  const edge = new RightEdge()
  const leaves: Uint8Array[] = []
  const events: AuditEvent[] = []
  for (const [i, each] of drafts.entries()) {
    const timestamp = new Date(Date.UTC(2026, 2, 29, 0, 0, i)).toISOString()
    const { event, leafHash } = chainEvent(each, {
      sequence: i + 1,
      timestamp,
      prevHash: events.at(-1)?.hash ?? GENESIS_HASH,
    })
    events.push(event)
    leaves.push(leafHash)
    edge.append(leafHash)
  }
  return { events, edge, leaves }
}

/** A trail of `count` different events. */
export const trail = (count: number): ReturnType<typeof chained> =>
  chained(Array.from({ length: count }, (_, i) => draft({ detail: `event number ${i}` })))

/** A key that is the same in every run. */
export const auditKey = createSigningKey(new Uint8Array(32).fill(7))

const text = fc.string({ unit: "binary", maxLength: 40 })
const count = fc.oneof(fc.constant(0), fc.maxSafeNat())

/** Any JSON object, its members in any order. */
const data = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 3 }))
  .map((any) => JSON.parse(JSON.stringify(any)) as JsonObject)

/** Any draft, with any text and any members empty. */
export const drafts: fc.Arbitrary<EventDraft> = fc.record(
  {
    event_type: fc.constantFrom(...AUDIT_EVENT_TYPES),
    agent_id: text,
    task_id: text,
    orch_id: text,
    detail: text,
    resource: text,
    outcome: fc.constantFrom(...AUDIT_OUTCOMES),
    deleg_depth: count,
    deleg_chain_hash: text,
    bytes_transferred: count,
    data,
  },
  { requiredKeys: ["event_type", "detail", "outcome"] },
)
