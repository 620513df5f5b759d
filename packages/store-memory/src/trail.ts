import { verifyTrail } from "@agentwrit/audit"
import type { Trail } from "@agentwrit/authority/ports"
import type { MemoryData } from "./data.ts"

export function memoryTrail(data: MemoryData): Trail {
  return {
    size: async () => data.events.length,

    async events({ actor, agentId, taskId, eventType, outcome, since, until, after = 0, limit, offset }) {
      const matching = data.events
        .slice(after)
        .filter((event) => actor === undefined || event.actor === actor)
        .filter((event) => agentId === undefined || event.agent_id === agentId)
        .filter((event) => taskId === undefined || event.task_id === taskId)
        .filter((event) => eventType === undefined || event.event_type === eventType)
        .filter((event) => outcome === undefined || event.outcome === outcome)
        .filter((event) => since === undefined || Date.parse(event.timestamp) >= since)
        .filter((event) => until === undefined || Date.parse(event.timestamp) <= until)
      return { events: matching.slice(offset, offset + limit), total: matching.length }
    },

    recordsRights: async () => data.events.some((event) => event.data !== undefined),

    // Nobody else can change them.
    openSeal: async () => true,

    async tablesMatch(_key, signal) {
      signal.throwIfAborted()
      return true
    },

    acceptTables: async () => undefined,

    async seal(sign) {
      const newest = data.checkpoints.at(-1)
      if (newest?.size === data.edge.size) return newest
      const head = { size: data.edge.size, root: data.edge.root() }
      const checkpoint = { ...head, note: sign(head) }
      data.checkpoints = [...data.checkpoints, checkpoint]
      return checkpoint
    },

    checkpoint: async (size) =>
      size === undefined ? data.checkpoints.at(-1) : data.checkpoints.find((checkpoint) => checkpoint.size === size),

    async forgetCheckpoints(size) {
      data.checkpoints = data.checkpoints.filter((checkpoint) => checkpoint.size >= size)
    },

    async verify(signal) {
      signal.throwIfAborted()
      const checkpoint = data.checkpoints.at(-1)
      if (checkpoint === undefined) return undefined
      const report = await verifyTrail(data.events.slice(0, checkpoint.size), { checkpoint })
      return report.ok ? undefined : report.message
    },
  }
}
