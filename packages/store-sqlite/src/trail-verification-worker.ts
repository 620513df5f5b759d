import { setTimeout as pause } from "node:timers/promises"
import { parentPort, workerData } from "node:worker_threads"
import { type AuditEvent, verifyTrail } from "@agentwrit/audit"
import Sqlite from "better-sqlite3"
import { openReadOnly } from "./connection.ts"
import { Statements } from "./sql.ts"
import { eventRange, newestCheckpoint, toCheckpoint, toEvent } from "./trail-rows.ts"

/** What the thread verifies. */
export interface VerificationTask {
  readonly path: string
  /** The share of one core that it may use: above 0, at most 1. */
  readonly share: number
}

export interface VerificationVerdict {
  /** The first fault; absent when there is none. */
  readonly problem?: string
}

/** Events that are read at once. */
const BATCH_SIZE = 500

const { path, share }: VerificationTask = workerData
const database = openReadOnly(path)
const statements = new Statements(database)

async function* eventsUpTo(size: number): AsyncIterable<AuditEvent> {
  for (let after = 0; after < size; after += BATCH_SIZE) {
    const start = performance.now()
    for (const row of statements.all(eventRange(after, Math.min(after + BATCH_SIZE, size)))) yield toEvent(row)
    await pause((performance.now() - start) * (1 / share - 1))
  }
}

async function verify(): Promise<VerificationVerdict> {
  const row = statements.get(newestCheckpoint)
  // Without a checkpoint the start has verified the whole trail.
  if (row === undefined) return {}
  const checkpoint = toCheckpoint(row)
  try {
    const report = await verifyTrail(eventsUpTo(checkpoint.size), { checkpoint })
    return report.ok ? {} : { problem: report.message }
  } catch (error) {
    // An I/O error may pass. Damage that SQLite finds, and rows that are not events, mean that the trail was changed.
    if (error instanceof Sqlite.SqliteError && !error.code.startsWith("SQLITE_CORRUPT")) throw error
    return { problem: `the audit trail cannot be read to its end: ${String(error)}` }
  }
}

parentPort?.postMessage(await verify())
database.close()
