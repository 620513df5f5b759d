import { EdgeError, GENESIS_HASH, RightEdge, type TrailState, TrailVerifier } from "@agentwrit/audit"
import { hex } from "./rows.ts"
import { type Statements, sql } from "./sql.ts"
import { type CheckpointRow, type EventRow, eventRange, newestCheckpoint, toCheckpoint, toEvent } from "./trail-rows.ts"
import type { TrailEnd } from "./trail-writer.ts"

/** The trail as it was found on disk. */
export interface LoadedTrail {
  readonly end: TrailEnd
  /** The first fault in the part that was verified. */
  readonly problem?: string
  /** Whether that part was the whole trail. */
  readonly verified: boolean
}

/** Events that are read at once. */
const BATCH_SIZE = 1000

/**
 * Verifies the events after the newest checkpoint, so that a start takes no longer as the trail grows. Appending
 * continues after the last event even when the trail is broken; no checkpoint is signed then.
 */
export function loadTrail(statements: Statements): LoadedTrail {
  const row = statements.get(newestCheckpoint)
  const newest = row && toCheckpoint(row)
  const verified = row === undefined
  const broken = (problem: string): LoadedTrail => ({
    end: { ...stateAfterLastEvent(statements), newest },
    problem,
    verified,
  })
  const start = row === undefined ? emptyTrail() : stateAt(row)
  const problem = row && checkpointProblem(statements, row, start)
  if (problem !== undefined) return broken(problem)
  const verifier = new TrailVerifier(start)
  for (let after = start.sequence; ; after += BATCH_SIZE) {
    const events = statements.all(
      sql<EventRow>`select * from events where seq > ${after} order by seq limit ${BATCH_SIZE}`,
    )
    for (const event of events) {
      const found = verifier.push(toEvent(event))
      if (found !== undefined) return broken(found.message)
    }
    if (events.length < BATCH_SIZE) return { end: { ...verifier.state(), newest }, verified }
  }
}

const emptyTrail = (): TrailState => ({ sequence: 0, prevHash: GENESIS_HASH, edge: new RightEdge() })

/** Where a broken trail continues. Its tree is never signed, so the edge does not matter. */
function stateAfterLastEvent(statements: Statements): TrailState {
  const last = statements.get(sql<EventRow>`select * from events order by seq desc limit 1`)
  return last === undefined ? emptyTrail() : { ...emptyTrail(), sequence: last.seq, prevHash: hex(last.hash) }
}

const stateAt = ({ size, head_hash, edge }: CheckpointRow): TrailState => ({
  sequence: size,
  prevHash: hex(head_hash),
  edge: readEdge(edge),
})

function readEdge(bytes: Uint8Array): RightEdge {
  try {
    return RightEdge.fromBytes(bytes)
  } catch (error) {
    if (error instanceof EdgeError) return new RightEdge()
    throw error
  }
}

/** Only size and root of a checkpoint are signed: edge and last event must match them. */
function checkpointProblem(
  statements: Statements,
  { size, root, head_hash }: CheckpointRow,
  { edge }: TrailState,
): string | undefined {
  if (edge.size !== size || hex(edge.root()) !== hex(root))
    return `the tree kept with the checkpoint of ${size} events is not the one that was signed`
  const last = statements.get(eventRange(size - 1, size))
  if (last === undefined)
    return `audit trail broken at event ${size}: the last event of the newest checkpoint is missing`
  return hex(head_hash) === hex(last.hash)
    ? undefined
    : `audit trail broken at event ${size}: it is not the event that was signed`
}
