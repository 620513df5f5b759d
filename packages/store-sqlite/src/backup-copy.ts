import { chmodSync, closeSync, constants, copyFileSync, openSync, statSync } from "node:fs"
import { dirname } from "node:path"
import Sqlite from "better-sqlite3"
import { isAtRest } from "./at-rest.ts"
import { BackupError, writing } from "./backup-error.ts"
import { APPLICATION_ID } from "./connection.ts"
import { sqliteCode } from "./errors.ts"

/** What is copied, where to, and who is told meanwhile. */
export interface BackupOptions {
  /** The database's file. */
  readonly from: string
  /** The copy's; it must not exist, and its folder must. */
  readonly to: string
  /** Told again and again how many of the pages are copied, then how many of the events are verified. */
  readonly onProgress?: (step: "pages copied" | "events verified", done: number, total: number) => void
  /** Gives the backup up, within some hundred milliseconds. */
  readonly signal?: AbortSignal
}

/** Pages of one step of the copy, 4 MB; the signal is looked at between steps. */
const PAGES_PER_STEP = 1000

/** Milliseconds to wait for the broker, where it holds the file for a moment. */
const BUSY_TIMEOUT = 5000

/**
 * Copies a database as it is at one instant.
 * @throws {@link BackupError}
 */
export async function copyDatabase(options: BackupOptions, temporary: string): Promise<void> {
  if (!copyAtRest(options.from, temporary)) await copyInUse(options, temporary)
}

/** @returns false for a database that is in use, or was meanwhile. */
function copyAtRest(from: string, temporary: string): boolean {
  let before: bigint
  try {
    if (!isAtRest(from)) return false
    before = changedAt(from)
    closeSync(openSync(from, "r"))
  } catch (error) {
    throw unreadable(from, error)
  }
  writing(temporary, () => {
    copyFileSync(from, temporary, constants.COPYFILE_FICLONE)
    chmodSync(temporary, 0o600)
  })
  if (!isAtRest(from) || changedAt(from) !== before) return false
  openSource(temporary, from).close()
  return true
}

const changedAt = (path: string): bigint => statSync(path, { bigint: true }).mtimeNs

async function copyInUse({ from, onProgress, signal }: BackupOptions, temporary: string): Promise<void> {
  const source = openSource(from)
  try {
    writing(temporary, () => closeSync(openSync(temporary, "w", 0o600)))
    // One read transaction for all of the copy: without it every commit of the broker would make it begin anew.
    source.exec("BEGIN")
    source.prepare("SELECT count(*) FROM sqlite_schema").get()
    await source.backup(temporary, {
      progress({ totalPages, remainingPages }) {
        goOn(signal)
        onProgress?.("pages copied", totalPages - remainingPages, totalPages)
        return PAGES_PER_STEP
      },
    })
  } catch (error) {
    throw error instanceof BackupError ? error : copyFailed(from, temporary, error)
  } finally {
    source.close()
  }
}

/** @param told the name by which the caller knows the file. */
function openSource(path: string, told = path): Sqlite.Database {
  let source: Sqlite.Database | undefined
  try {
    source = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT })
    if (source.pragma("application_id", { simple: true }) === APPLICATION_ID) return source
  } catch (error) {
    source?.close()
    throw unreadable(told, error)
  }
  source.close()
  throw new BackupError("source_unreadable", `${told} is no database of the broker: give its AA_DB_PATH`)
}

function unreadable(from: string, cause: unknown): BackupError {
  const code = sqliteCode(cause)
  const message =
    code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB"
      ? `${from} is damaged, or no database: ${String(cause)}`
      : `${from} cannot be read (${String(cause)}): give the broker's AA_DB_PATH, and run as the user that the broker runs as`
  return new BackupError("source_unreadable", message, { cause })
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

/** @throws BackupError once the signal has been given. */
export function goOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new BackupError("backup_aborted", "interrupted: nothing was backed up")
}
