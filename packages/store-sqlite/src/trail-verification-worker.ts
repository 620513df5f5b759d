import { setTimeout as pause } from "node:timers/promises"
import { parentPort, workerData } from "node:worker_threads"
import { type AuditEvent, type TreeHead, verifyTrail } from "@agentwrit/audit"
import Sqlite from "better-sqlite3"
import { toEvent } from "./rows.ts"
import type { CheckpointsTable, EventsTable } from "./schema.ts"

/** What the thread is to verify. */
export interface VerificationTask {
  readonly path: string
  /** The part of one core that it may take, above 0 and up to 1. */
  readonly share: number
}

/** What it found. */
export interface VerificationVerdict {
  readonly problem?: string
}

/** Events read at once. */
const STEP = 500

const { path, share }: VerificationTask = workerData
const database = new Sqlite(path, { readonly: true, timeout: 5000 })
database.pragma("query_only = ON")
const read = database.prepare<[number, number], EventsTable>(
  "select * from events where seq > ? and seq <= ? order by seq",
)

async function* eventsUpTo(size: number): AsyncIterable<AuditEvent> {
  for (let after = 0; after < size; after += STEP) {
    const began = performance.now()
    for (const row of read.iterate(after, Math.min(after + STEP, size))) yield toEvent(row)
    await pause((performance.now() - began) * (1 / share - 1))
  }
}

async function verdict(): Promise<VerificationVerdict> {
  const checkpoint = database
    .prepare<[], Pick<CheckpointsTable, "size" | "root">>(
      "select size, root from checkpoints order by size desc limit 1",
    )
    .get() satisfies TreeHead | undefined
  // Without one the start has verified everything.
  if (checkpoint === undefined) return {}
  try {
    const report = await verifyTrail(eventsUpTo(checkpoint.size), { checkpoint })
    return report.ok ? {} : { problem: report.message }
  } catch (error) {
    // A fault of the disk may pass. What no event can hold, or SQLite finds damaged, was changed.
    if (error instanceof Sqlite.SqliteError && !error.code.startsWith("SQLITE_CORRUPT")) throw error
    return { problem: `the audit trail cannot be read to its end: ${String(error)}` }
  }
}

parentPort?.postMessage(await verdict())
database.close()
