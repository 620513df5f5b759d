import { randomBytes } from "node:crypto"
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { setImmediate } from "node:timers/promises"
import { verifyTrail } from "@agentwrit/audit"
import type { StoredCheckpoint } from "@agentwrit/authority/ports"
import Sqlite from "better-sqlite3"
import { type BackupOptions, copyDatabase, goOn } from "./backup-copy.ts"
import { BackupError, existing, writing } from "./backup-error.ts"
import { unknownMigrations } from "./migrate.ts"
import { Statements } from "./sql.ts"
import { type EventRow, newestCheckpoint, toCheckpoint, toEvent } from "./trail-rows.ts"

/** A backup that is whole, verified and on disk. */
export interface Backup {
  readonly path: string
  /** Size of the file. */
  readonly bytes: number
  /** Events in its trail. */
  readonly events: number
  /** The newest checkpoint in it, as it was signed; absent before the first. */
  readonly checkpoint?: StoredCheckpoint
}

/** Events between two looks at the signal. */
const EVENTS_PER_STEP = 1000

/**
 * Copies a database as it is at one instant, also while a broker writes to it, and verifies the copy: every page, the schema, the
 * whole audit trail, and its tree against the newest checkpoint. The copy is one file (0600). It has its name only once it is
 * verified and on disk, so that half of one is never taken for a whole.
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
      // A link, unlike a rename, never replaces a file that came to be meanwhile.
      linkSync(temporary, path)
      rmSync(temporary)
      sync(folder)
    })
    return { path, bytes: statSync(path).size, ...verified }
  } finally {
    for (const leftover of ["", "-journal", "-wal", "-shm"]) rmSync(temporary + leftover, { force: true })
  }
}

/** Reads the copy as a start would, and more of it. */
async function verifyCopy(options: BackupOptions, temporary: string): Promise<Pick<Backup, "events" | "checkpoint">> {
  const database = new Sqlite(temporary, { fileMustExist: true })
  try {
    // One plain file, that needs none of the companions that a database in use has.
    database.pragma("journal_mode = DELETE")
    const [found] = database.pragma("integrity_check(1)") as [{ integrity_check: string }]
    if (found.integrity_check !== "ok") throw damaged(found.integrity_check)
    if (unknownMigrations(database).length > 0)
      throw damaged("it was written by a newer version: back it up with that version's program")
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
    // A signal is heard only between turns of the event loop.
    await setImmediate()
    goOn(signal)
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
