import { setTimeout as pause } from "node:timers/promises"
import { parentPort, workerData } from "node:worker_threads"
import { type AuditEvent, verifyTrail } from "@agentwrit/audit"
import Sqlite from "better-sqlite3"
import { openReadOnly } from "./connection.ts"
import { Statements } from "./sql.ts"
import { TableVerifier } from "./table-verifier.ts"
import { eventRange, lastSequence, newestCheckpoint, toCheckpoint, toEvent } from "./trail-rows.ts"

/** What the thread verifies. */
export interface VerificationTask {
  readonly path: string
  /** The share of one core that it may use: above 0, at most 1. */
  readonly share: number
  /** The key of the records' seals. Absent: seals are not checked. */
  readonly recordsKey?: Uint8Array
}

export interface VerificationVerdict {
  /** The first fault; absent when there is none. */
  readonly problem?: string
}

/** Events that are read at once. */
const BATCH_SIZE = 500

const { path, share, recordsKey }: VerificationTask = workerData
const database = openReadOnly(path)
const statements = new Statements(database)

const rest = (start: number): Promise<void> => pause((performance.now() - start) * (1 / share - 1))

async function* eventsUpTo(size: number): AsyncIterable<AuditEvent> {
  for (let after = 0; after < size; after += BATCH_SIZE) {
    const start = performance.now()
    for (const row of statements.all(eventRange(after, Math.min(after + BATCH_SIZE, size)))) yield toEvent(row)
    await rest(start)
  }
}

/** Verifies chain and tree up to the newest checkpoint. The start has verified what comes after it. */
async function trailProblem(): Promise<string | undefined> {
  const row = statements.get(newestCheckpoint)
  if (row === undefined) return undefined
  const checkpoint = toCheckpoint(row)
  const report = await verifyTrail(eventsUpTo(checkpoint.size), { checkpoint })
  return report.ok ? undefined : report.message
}

async function tableProblem(): Promise<string | undefined> {
  const tables = new TableVerifier(statements, { now: Date.now(), recordsKey })
  let seq = 0
  for await (const event of eventsUpTo(statements.get(lastSequence)?.seq ?? 0)) {
    const problem = tables.event(++seq, event)
    if (problem !== undefined) return problem
  }
  let start = performance.now()
  for (const problem of tables.rows()) {
    if (problem !== undefined) return problem
    await rest(start)
    start = performance.now()
  }
  return undefined
}

async function verify(): Promise<VerificationVerdict> {
  try {
    const problem = (await trailProblem()) ?? (await tableProblem())
    return problem === undefined ? {} : { problem }
  } catch (error) {
    // An I/O error may pass. Damage that SQLite finds, and rows that are not events, mean that the trail was changed.
    if (error instanceof Sqlite.SqliteError && !error.code.startsWith("SQLITE_CORRUPT")) throw error
    return { problem: `the audit trail cannot be read to its end: ${String(error)}` }
  }
}

parentPort?.postMessage(await verify())
database.close()
