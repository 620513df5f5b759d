import { EdgeError, RightEdge, TrailVerifier } from "@agentwrit/audit"
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
  /** Whether that part was all of it. */
  readonly verified: boolean
}

/** Events read at once. */
const STEP = 1000

/**
 * Reads the newest checkpoint and verifies what came after it, so that a start costs no more as the trail grows. Appending goes
 * on after the last event there is, also when the trail is broken: then no checkpoint is signed any more.
 */
export async function loadTrail(db: Kysely<Schema>): Promise<LoadedTrail> {
  const row = await db.selectFrom("checkpoints").selectAll().orderBy("size", "desc").limit(1).executeTakeFirst()
  const newest = row && toCheckpoint(row)
  const start = row === undefined ? emptyTrail() : stateAt(row)
  const problem = row && (await checkpointProblem(db, row, start))
  const verified = row === undefined
  if (problem !== undefined) return { state: await brokenState(db), newest, problem, verified }
  const verifier = new TrailVerifier(start)
  for (let after = start.sequence; ; after += STEP) {
    const rows = await db.selectFrom("events").selectAll().where("seq", ">", after).orderBy("seq").limit(STEP).execute()
    for (const event of rows) {
      const { message } = verifier.push(toEvent(event)) ?? {}
      if (message !== undefined) return { state: await brokenState(db), newest, problem: message, verified }
    }
    if (rows.length < STEP) return { state: verifier.state(), newest, verified }
  }
}

/** Where a broken trail goes on: behind its last event. Its tree is not signed any more, so that its edge does not matter. */
async function brokenState(db: Kysely<Schema>): Promise<TrailState> {
  const last = await db.selectFrom("events").select(["seq", "hash"]).orderBy("seq", "desc").limit(1).executeTakeFirst()
  const { edge, ...start } = emptyTrail()
  return last === undefined ? { ...start, edge } : { sequence: last.seq, prevHash: last.hash.toString("hex"), edge }
}

function stateAt({ size, head_hash, edge }: CheckpointsTable): TrailState {
  return { sequence: size, prevHash: head_hash.toString("hex"), edge: readEdge(edge) }
}

function readEdge(bytes: Uint8Array): RightEdge {
  try {
    return RightEdge.fromBytes(bytes)
  } catch (error) {
    if (error instanceof EdgeError) return new RightEdge()
    throw error
  }
}

/** Only size and root of a checkpoint are signed: what appending goes on from must fit them, and the last event be there. */
async function checkpointProblem(
  db: Kysely<Schema>,
  { size, root, head_hash }: CheckpointsTable,
  { edge }: TrailState,
): Promise<string | undefined> {
  if (edge.size !== size || !root.equals(edge.root()))
    return `the tree kept with the checkpoint of ${size} events is not the one that was signed`
  const last = await db.selectFrom("events").select("hash").where("seq", "=", size).executeTakeFirst()
  if (last === undefined)
    return `audit trail broken at event ${size}: the event that the newest checkpoint ends with is gone`
  return head_hash.equals(last.hash)
    ? undefined
    : `audit trail broken at event ${size}: it is not the one that was signed`
}
