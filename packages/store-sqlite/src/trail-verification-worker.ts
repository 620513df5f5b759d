import { setTimeout as pause } from "node:timers/promises"
import { parentPort, workerData } from "node:worker_threads"
import { type AuditEvent, verifyTrail } from "@agentwrit/audit"
import type { StoredCheckpoint } from "@agentwrit/authority/ports"
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

const tables = new TableVerifier(statements, { now: Date.now(), recordsKey })
/** The first fault of the tables that an event showed. */
let tableFault: string | undefined

/**
 * Events with `after` < seq ≤ `upTo`. The tables are held against each as it is read, so that the trail is read once.
 */
async function* events(after: number, upTo: number): AsyncIterable<AuditEvent> {
  for (let last = after; last < upTo; last += BATCH_SIZE) {
    const start = performance.now()
    for (const row of statements.all(eventRange(last, Math.min(last + BATCH_SIZE, upTo)))) {
      const event = toEvent(row)
      tableFault ??= tables.event(row.seq, event)
      yield event
    }
    await rest(start)
  }
}

/** Verifies chain and tree up to the newest checkpoint. The start has verified what comes after it. */
async function trailProblem(checkpoint: StoredCheckpoint | undefined): Promise<string | undefined> {
  if (checkpoint === undefined) return undefined
  const report = await verifyTrail(events(0, checkpoint.size), { checkpoint })
  return report.ok ? undefined : report.message
}

async function tableProblem(after: number): Promise<string | undefined> {
  for await (const _ of events(after, statements.get(lastSequence)?.seq ?? 0)) if (tableFault !== undefined) break
  if (tableFault !== undefined) return tableFault
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
    const row = statements.get(newestCheckpoint)
    const checkpoint = row && toCheckpoint(row)
    const problem = (await trailProblem(checkpoint)) ?? (await tableProblem(checkpoint?.size ?? 0))
    return problem === undefined ? {} : { problem }
  } catch (error) {
    // An I/O error may pass. Damage that SQLite finds, and rows that are not events, mean that the trail was changed.
    if (error instanceof Sqlite.SqliteError && !error.code.startsWith("SQLITE_CORRUPT")) throw error
    return { problem: `the audit trail cannot be read to its end: ${String(error)}` }
  }
}

parentPort?.postMessage(await verify())
database.close()
