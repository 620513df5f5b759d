import { type AuditEvent, verifyTrail } from "@agentwrit/audit"
import type { EventPage, EventQuery, StoredCheckpoint, Trail, TreeHead } from "@agentwrit/authority/ports"
import type { MemoryData } from "./data.ts"

export class MemoryTrail implements Trail {
  readonly #data: MemoryData

  constructor(data: MemoryData) {
    this.#data = data
  }

  async size(): Promise<number> {
    return this.#data.events.length
  }

  async events(query: EventQuery): Promise<EventPage> {
    const { after = 0, limit, offset } = query
    const matching = this.#data.events.slice(after).filter((event) => matches(event, query))
    return { events: matching.slice(offset, offset + limit), total: matching.length }
  }

  async seal(sign: (head: TreeHead) => string): Promise<StoredCheckpoint> {
    const { edge } = this.#data
    const newest = this.#data.checkpoints.at(-1)
    if (newest?.size === edge.size) return newest
    const head = { size: edge.size, root: edge.root() }
    const checkpoint = { ...head, note: sign(head) }
    this.#data.checkpoints = [...this.#data.checkpoints, checkpoint]
    return checkpoint
  }

  async checkpoint(size?: number): Promise<StoredCheckpoint | undefined> {
    const { checkpoints } = this.#data
    return size === undefined ? checkpoints.at(-1) : checkpoints.find((checkpoint) => checkpoint.size === size)
  }

  async forgetCheckpoints(size: number): Promise<void> {
    this.#data.checkpoints = this.#data.checkpoints.filter((checkpoint) => checkpoint.size >= size)
  }

  async verify(signal: AbortSignal): Promise<string | undefined> {
    signal.throwIfAborted()
    const checkpoint = this.#data.checkpoints.at(-1)
    const size = checkpoint?.size ?? 0
    const report = await verifyTrail(this.#data.events.slice(0, size), checkpoint && { checkpoint })
    return report.ok ? undefined : report.message
  }
}

function matches(event: AuditEvent, { agentId, taskId, eventType, outcome, since, until }: EventQuery): boolean {
  const timestamp = Date.parse(event.timestamp)
  return (
    (agentId === undefined || event.agent_id === agentId) &&
    (taskId === undefined || event.task_id === taskId) &&
    (eventType === undefined || event.event_type === eventType) &&
    (outcome === undefined || event.outcome === outcome) &&
    (since === undefined || timestamp >= since) &&
    (until === undefined || timestamp <= until)
  )
}
