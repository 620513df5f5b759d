import { randomBytes } from "node:crypto"
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { setImmediate } from "node:timers/promises"
import { verifyTrail } from "@agentwrit/audit"
import type { StoredCheckpoint } from "@agentwrit/authority/ports"
import { nameFile } from "@agentwrit/config-file"
import Sqlite from "better-sqlite3"
import { type BackupOptions, copyDatabase, throwIfAborted } from "./backup-copy.ts"
import { BackupError, existing, writing } from "./backup-error.ts"
import { unknownMigrations } from "./migrate.ts"
import { Statements } from "./sql.ts"
import { type EventRow, newestCheckpoint, toCheckpoint, toEvent } from "./trail-rows.ts"

/** A backup that is complete, verified and on disk. */
export interface Backup {
  readonly path: string
  /** Size of the file in bytes. */
  readonly bytes: number
  /** Number of events in its trail. */
  readonly events: number
  /** The newest signed checkpoint; absent while there is none. */
  readonly checkpoint?: StoredCheckpoint
}

/** Events between two checks of the signal. */
const EVENTS_PER_STEP = 1000

/**
 * Copies a database as it is at one instant, even while a broker writes to it, and verifies the copy: every page, the
 * schema, the whole audit trail, and its tree against the newest checkpoint. The copy is one file (0600). It gets its
 * name after it is verified and on disk, so an incomplete copy is never mistaken for a backup.
 * @throws {@link BackupError}
 * @example
 * const { events } = await backUpDatabase({ from: "/data/data.db", to: "/backups/2026-11-25.db" })
 */
export async function backUpDatabase(options: BackupOptions): Promise<Backup> {
  const path = resolve(options.to)
  const folder = dirname(path)
  if (existsSync(path)) throw existing(path)
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString("hex")}.tmp`)
  try {
    await copyDatabase(options, temporary)
    const verified = await verifyCopy(options, temporary)
    writing(path, () => {
      sync(temporary)
      if (!nameFile(temporary, path)) throw existing(path)
      sync(folder)
    })
    return { path, bytes: statSync(path).size, ...verified }
  } finally {
    for (const leftover of ["", "-journal", "-wal", "-shm"]) rmSync(temporary + leftover, { force: true })
  }
}

/** Verifies more of the copy than a start of the broker does. */
async function verifyCopy(options: BackupOptions, temporary: string): Promise<Pick<Backup, "events" | "checkpoint">> {
  const database = new Sqlite(temporary, { fileMustExist: true })
  try {
    // One plain file, without the companion files of a database in use.
    database.pragma("journal_mode = DELETE")
    const [found] = database.pragma("integrity_check(1)") as [{ integrity_check: string }]
    if (found.integrity_check !== "ok") throw damaged(found.integrity_check)
    if (unknownMigrations(database).length > 0)
      throw damaged("it was written by a newer version: use that version to back it up")
    const row = new Statements(database).get(newestCheckpoint)
    const checkpoint = row && toCheckpoint(row)
    const report = await verifyTrail(eventsOf(database, options), checkpoint && { checkpoint })
    if (!report.ok) throw damaged(report.message)
    return { events: report.count, ...(checkpoint && { checkpoint }) }
  } catch (error) {
    throw error instanceof BackupError ? error : damaged(String(error), error)
  } finally {
    database.close()
  }
}

async function* eventsOf(database: Sqlite.Database, { onProgress, signal }: BackupOptions) {
  const total = database.prepare<[], number>("SELECT count(*) FROM events").pluck().get() ?? 0
  let done = 0
  for (const row of database.prepare<[], EventRow>("SELECT * FROM events ORDER BY seq").iterate()) {
    yield toEvent(row)
    if (++done % EVENTS_PER_STEP !== 0 && done !== total) continue
    onProgress?.("events verified", done, total)
    // The signal can only be aborted between turns of the event loop.
    await setImmediate()
    throwIfAborted(signal)
  }
}

const damaged = (what: string, cause?: unknown): BackupError =>
  new BackupError("backup_damaged", `the copy is not sound, so nothing was backed up: ${what}`, { cause })

function sync(path: string): void {
  const descriptor = openSync(path, "r")
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
