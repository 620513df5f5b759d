import { randomBytes } from "node:crypto"
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { verifyTrail } from "@agentwrit/audit"
import type { KeptCheckpoint } from "@agentwrit/authority"
import Sqlite from "better-sqlite3"
import { APPLICATION_ID } from "./connection.ts"
import { sqliteCode } from "./errors.ts"
import { MIGRATIONS } from "./migrate.ts"
import { toCheckpoint, toEvent } from "./rows.ts"
import type { CheckpointsTable, EventsTable } from "./schema.ts"

/** Why there is no backup. */
export type BackupErrorCode =
  /** Something of that name is there already; it was left alone. */
  | "backup_exists"
  /** The database is not there, or is none of ours. */
  | "source_unreadable"
  /** The copy could not be written: no room, no rights. */
  | "backup_unwritable"
  /** The copy is not sound, and so neither is the database. */
  | "backup_damaged"

/** A backup that was not made; nothing of it is left behind. The message says what to do. */
export class BackupError extends Error {
  override readonly name = "BackupError"
  readonly code: BackupErrorCode

  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** A backup that is whole, verified and on disk. */
export interface Backup {
  readonly path: string
  /** Size of the file. */
  readonly bytes: number
  /** Events in its trail. */
  readonly events: number
  /** The newest checkpoint in it, as it was signed; absent before the first. */
  readonly checkpoint?: KeptCheckpoint
}

/** Milliseconds to wait for the broker, where it holds the file for a moment. */
const BUSY_TIMEOUT = 5000

/**
 * Copies a database as it is at one instant, also while a broker writes to it, and verifies the copy: every page, the schema, the
 * whole audit trail, and its tree against the newest checkpoint. The copy is one file (0600). It has its name only once it is
 * verified and on disk, so that half of one is never taken for a whole.
 * @param to must not exist; its folder must.
 * @throws {@link BackupError}
 * @example
 * const { events } = await backUpDatabase({ from: "/data/data.db", to: "/backups/2026-11-25.db" })
 */
export async function backUpDatabase({ from, to }: { readonly from: string; readonly to: string }): Promise<Backup> {
  const path = resolve(to)
  const folder = dirname(path)
  refuseExisting(path)
  const temporary = join(folder, `.${basename(path)}.${randomBytes(8).toString("hex")}.tmp`)
  try {
    await copy(from, temporary)
    const verified = await verifyCopy(temporary)
    writing(path, () => {
      sync(temporary)
      refuseExisting(path)
      renameSync(temporary, path)
      sync(folder)
    })
    return { path, bytes: statSync(path).size, ...verified }
  } finally {
    for (const leftover of ["", "-journal", "-wal", "-shm"]) rmSync(temporary + leftover, { force: true })
  }
}

function refuseExisting(path: string): void {
  if (existsSync(path))
    throw new BackupError(
      "backup_exists",
      `${path} exists already, and a backup never replaces a file: give another name`,
    )
}

async function copy(from: string, temporary: string): Promise<void> {
  const source = openSource(from)
  try {
    writing(temporary, () => closeSync(openSync(temporary, "wx", 0o600)))
    // One read transaction for all of the copy: without it every commit of the broker would make it begin anew.
    source.exec("BEGIN")
    source.prepare("SELECT count(*) FROM sqlite_schema").get()
    await source.backup(temporary)
  } catch (error) {
    throw error instanceof BackupError ? error : copyFailed(from, temporary, error)
  } finally {
    source.close()
  }
}

function openSource(from: string): Sqlite.Database {
  let source: Sqlite.Database | undefined
  try {
    source = new Sqlite(from, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT })
    if (source.pragma("application_id", { simple: true }) === APPLICATION_ID) return source
  } catch (error) {
    source?.close()
    if (sqliteCode(error) === "SQLITE_CORRUPT" || sqliteCode(error) === "SQLITE_NOTADB")
      throw new BackupError("source_unreadable", `${from} is damaged, or no database: ${String(error)}`, {
        cause: error,
      })
    throw new BackupError(
      "source_unreadable",
      `${from} cannot be read (${String(error)}): give the broker's AA_DB_PATH, and run as the user that the broker runs as`,
      { cause: error },
    )
  }
  source.close()
  throw new BackupError("source_unreadable", `${from} is no database of the broker: give its AA_DB_PATH`)
}

function copyFailed(from: string, temporary: string, cause: unknown): BackupError {
  const code = sqliteCode(cause)
  return code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB"
    ? new BackupError("source_unreadable", `${from} is damaged: ${String(cause)}`, { cause })
    : new BackupError(
        "backup_unwritable",
        `the backup cannot be written to ${dirname(temporary)} (${String(cause)}): check its rights and free space`,
        { cause },
      )
}

/** Reads the copy as a start would, and more of it. */
async function verifyCopy(temporary: string): Promise<Pick<Backup, "events" | "checkpoint">> {
  const database = new Sqlite(temporary, { fileMustExist: true })
  try {
    // One plain file, that needs none of the companions that a database in use has.
    database.pragma("journal_mode = DELETE")
    const [found] = database.pragma("integrity_check(1)") as [{ integrity_check: string }]
    if (found.integrity_check !== "ok") throw damaged(found.integrity_check)
    const unknown = database
      .prepare<[], { name: string }>("SELECT name FROM kysely_migration")
      .all()
      .filter(({ name }) => !(name in MIGRATIONS))
    if (unknown.length > 0) throw damaged("it was written by a newer version: back it up with that version's program")
    const row = database.prepare<[], CheckpointsTable>("SELECT * FROM checkpoints ORDER BY size DESC LIMIT 1").get()
    const checkpoint = row && toCheckpoint(row)
    const report = await verifyTrail(eventsOf(database), checkpoint && { checkpoint })
    if (!report.ok) throw damaged(report.message)
    return { events: report.count, ...(checkpoint && { checkpoint }) }
  } catch (error) {
    throw error instanceof BackupError ? error : damaged(String(error), error)
  } finally {
    database.close()
  }
}

function* eventsOf(database: Sqlite.Database) {
  for (const row of database.prepare<[], EventsTable>("SELECT * FROM events ORDER BY seq").iterate()) yield toEvent(row)
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

function writing(path: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (error instanceof BackupError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new BackupError(
      "backup_unwritable",
      `the backup cannot be written to ${dirname(path)} (${code}): the folder must exist, be writable and have room`,
      { cause: error },
    )
  }
}
