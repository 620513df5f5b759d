import { RightEdge, TrailVerifier } from "@agentwrit/audit"
import type { KeptCheckpoint } from "@agentwrit/authority"
import type { Kysely } from "kysely"
import { toCheckpoint, toEvent } from "./rows.ts"
import type { CheckpointsTable, Schema } from "./schema.ts"
import { emptyTrail, type TrailState } from "./trail-writer.ts"

/** The trail as it was found on disk. */
export interface LoadedTrail {
  readonly state: TrailState
  readonly newest: KeptCheckpoint | undefined
  /** What is wrong with the part that was verified. */
  readonly problem?: string
}

/** Events read at once. */
const STEP = 1000

/**
 * Reads the newest checkpoint and verifies what came after it, so that a start costs no more as the trail grows. Appending goes
 * on after the last event there is, also when the trail is broken: then no checkpoint is signed any more.
 */
export async function loadTrail(db: Kysely<Schema>): Promise<LoadedTrail> {
  const row = await db.selectFrom("checkpoints").selectAll().orderBy("size", "desc").limit(1).executeTakeFirst()
  const start = row === undefined ? emptyTrail() : stateAt(row)
  const verifier = new TrailVerifier(start)
  let last = { sequence: start.sequence, prevHash: start.prevHash }
  let problem: string | undefined
  for (;;) {
    const rows = await db
      .selectFrom("events")
      .selectAll()
      .where("seq", ">", last.sequence)
      .orderBy("seq")
      .limit(STEP)
      .execute()
    for (const event of rows) {
      problem ??= verifier.push(toEvent(event))?.message
      last = { sequence: event.seq, prevHash: event.hash.toString("hex") }
    }
    if (rows.length < STEP) break
  }
  const state = problem === undefined ? verifier.state() : { ...last, edge: verifier.state().edge }
  return { state, newest: row && toCheckpoint(row), ...(problem !== undefined && { problem }) }
}

function stateAt({ size, head_hash, edge }: CheckpointsTable): TrailState {
  return { sequence: size, prevHash: head_hash.toString("hex"), edge: RightEdge.fromBytes(edge) }
}
