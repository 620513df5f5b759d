import { setTimeout as delay } from "node:timers/promises"
import { type AuditEvent, GENESIS_HASH, RightEdge, type TrailState, TrailVerifier } from "@agentwrit/audit"
import type { Database, Queries } from "./database.ts"
import { hex } from "./hex.ts"
import { sql } from "./sql.ts"
import { TableVerifier } from "./table-verifier.ts"
import { type CheckpointRow, eventRange, newestCheckpoint, readEdge } from "./trail-rows.ts"

/** The trail as it was found when the store was opened. */
export interface OpenedTrail {
  /** Number of events. */
  readonly size: number
  /** The first fault in the part that was verified. */
  readonly problem?: string
  /** Whether that part was the whole trail. */
  readonly verified: boolean
}

/** Events that are read and verified at once. Requests wait for that long. */
const BATCH_SIZE = 200

/** The share of the time that a verification in the background takes. */
const BACKGROUND_SHARE = 0.15

/** Verifies the events after the newest checkpoint, so that a start takes no longer as the trail grows. */
export async function verifyTail(database: Database): Promise<OpenedTrail> {
  const { result } = await database.snapshot(async (queries) => {
    const head = await queries.get(sql<{ size: number; hash: Uint8Array; edge: Uint8Array }>`
      select size, hash, edge from head`)
    const checkpoint = await queries.get(newestCheckpoint)
    const opened = { size: head?.size ?? 0, verified: checkpoint === undefined }
    const problem = checkpoint && (await checkpointProblem(queries, checkpoint))
    if (problem !== undefined) return { ...opened, problem }
    const verifier = new TrailVerifier(checkpoint === undefined ? emptyTrail() : stateAt(checkpoint))
    const fault = await verifyUpTo(queries, verifier, opened.size)
    if (fault !== undefined) return { ...opened, problem: fault }
    const isHead = head !== undefined && hex(head.edge) === hex(verifier.state().edge.toBytes())
    const isLast = head !== undefined && hex(head.hash) === verifier.state().prevHash
    if (isHead && isLast) return opened
    return { ...opened, problem: `audit trail broken at event ${opened.size}: the table head does not say how it ends` }
  })
  return result
}

/**
 * Verifies hash chain and tree from the first event to the newest checkpoint, and holds the tables that give rights
 * against all events.
 * @returns the first fault, or `undefined`.
 */
export async function verifyTrail(
  database: Database,
  signal: AbortSignal,
  { atOnce, recordsKey }: { readonly atOnce: boolean; readonly recordsKey: Uint8Array | undefined },
): Promise<string | undefined> {
  signal.throwIfAborted()
  const checkpoint = await database.get(newestCheckpoint)
  const verifier = new TrailVerifier()
  const tables = new TableVerifier(database, { now: Date.now(), recordsKey })
  const pause = async (spent: number): Promise<void> => {
    signal.throwIfAborted()
    if (!atOnce) await delay((spent * (1 - BACKGROUND_SHARE)) / BACKGROUND_SHARE, undefined, { signal, ref: false })
  }
  const each = async (after: number, events: readonly AuditEvent[]): Promise<string | undefined> => {
    const began = performance.now()
    const fault = await tables.events(after, events)
    await pause(performance.now() - began)
    return fault
  }
  if (checkpoint !== undefined) {
    const fault = await verifyUpTo(database, verifier, checkpoint.size, each)
    if (fault !== undefined) return fault
    if (hex(verifier.root()) !== hex(checkpoint.root))
      return `the trail does not match its newest checkpoint: one of its first ${checkpoint.size} events was rewritten`
  }
  // What came since, which the tables have too.
  const head = await database.get(sql<{ size: number }>`select size from head`)
  return (await verifyUpTo(database, verifier, head?.size ?? 0, each)) ?? tables.rows()
}

type EachBatch = (after: number, events: readonly AuditEvent[]) => Promise<string | undefined>

async function verifyUpTo(
  queries: Queries,
  verifier: TrailVerifier,
  size: number,
  each?: EachBatch,
): Promise<string | undefined> {
  while (verifier.size < size) {
    const after = verifier.size
    const rows = await queries.all(eventRange(after, Math.min(after + BATCH_SIZE, size)))
    if (rows.length === 0) return `audit trail broken at event ${after + 1}: it is missing`
    for (const { event } of rows) {
      const found = verifier.push(event)
      if (found !== undefined) return found.message
    }
    const fault = await each?.(
      after,
      rows.map(({ event }) => event),
    )
    if (fault !== undefined) return fault
  }
  return undefined
}

const emptyTrail = (): TrailState => ({ sequence: 0, prevHash: GENESIS_HASH, edge: new RightEdge() })

const stateAt = ({ size, head_hash, edge }: CheckpointRow): TrailState => ({
  sequence: size,
  prevHash: hex(head_hash),
  edge: readEdge(edge),
})

/** Only size and root of a checkpoint are signed: edge and last event must match them. */
async function checkpointProblem(
  queries: Queries,
  { size, root, head_hash, edge }: CheckpointRow,
): Promise<string | undefined> {
  const tree = readEdge(edge)
  if (tree.size !== size || hex(tree.root()) !== hex(root))
    return `the tree kept with the checkpoint of ${size} events is not the one that was signed`
  const last = await queries.get(eventRange(size - 1, size))
  if (last === undefined)
    return `audit trail broken at event ${size}: the last event of the newest checkpoint is missing`
  return hex(head_hash) === last.event.hash
    ? undefined
    : `audit trail broken at event ${size}: it is not the event that was signed`
}
