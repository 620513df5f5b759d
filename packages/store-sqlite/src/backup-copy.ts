import { chmodSync, closeSync, constants, copyFileSync, openSync, statSync } from "node:fs"
import { dirname } from "node:path"
import Sqlite from "better-sqlite3"
import { isAtRest } from "./at-rest.ts"
import { BackupError, writing } from "./backup-error.ts"
import { APPLICATION_ID } from "./connection.ts"
import { sqliteCode } from "./errors.ts"

/** Options of `backUpDatabase`. */
export interface BackupOptions {
  /** The database file. */
  readonly from: string
  /** The file of the copy. It must not exist; its folder must. */
  readonly to: string
  /** Called repeatedly with the number of pages copied, then with the number of events verified. */
  readonly onProgress?: (step: "pages copied" | "events verified", done: number, total: number) => void
  /** Aborts the backup within a few hundred milliseconds. */
  readonly signal?: AbortSignal
}

/** Pages in one step of the copy: 4 MB. The signal is checked between steps. */
const PAGES_PER_STEP = 1000

/** How long to wait while the broker holds the file. */
const BUSY_TIMEOUT_MS = 5000

/**
 * Copies a database as it is at one instant.
 * @throws {@link BackupError}
 */
export async function copyDatabase(options: BackupOptions, temporary: string): Promise<void> {
  if (!copyAtRest(options.from, temporary)) await copyInUse(options, temporary)
}

/** @returns false when the database is in use, or was used during the copy. */
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
    // One read transaction for the whole copy. Without it every commit of the broker would restart the copy.
    source.exec("BEGIN")
    source.prepare("SELECT count(*) FROM sqlite_schema").get()
    await source.backup(temporary, {
      progress({ totalPages, remainingPages }) {
        throwIfAborted(signal)
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

/** @param shownPath the path in error messages. */
function openSource(path: string, shownPath = path): Sqlite.Database {
  let source: Sqlite.Database | undefined
  try {
    source = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    if (source.pragma("application_id", { simple: true }) === APPLICATION_ID) return source
  } catch (error) {
    source?.close()
    throw unreadable(shownPath, error)
  }
  source.close()
  throw new BackupError("source_unreadable", `${shownPath} is not a database of the broker: give its AA_DB_PATH`)
}

function unreadable(from: string, cause: unknown): BackupError {
  const code = sqliteCode(cause)
  const message =
    code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB"
      ? `${from} is damaged, or not a database: ${String(cause)}`
      : `${from} cannot be read (${String(cause)}): give the path in the broker's AA_DB_PATH, and run as the broker's user`
  return new BackupError("source_unreadable", message, { cause })
}

function copyFailed(from: string, temporary: string, cause: unknown): BackupError {
  const code = sqliteCode(cause)
  return code === "SQLITE_CORRUPT" || code === "SQLITE_NOTADB"
    ? new BackupError("source_unreadable", `${from} is damaged: ${String(cause)}`, { cause })
    : new BackupError(
        "backup_unwritable",
        `the backup cannot be written to ${dirname(temporary)} (${String(cause)}): check its permissions and free space`,
        { cause },
      )
}

/** @throws BackupError when the signal is aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new BackupError("backup_aborted", "interrupted: nothing was backed up")
}
