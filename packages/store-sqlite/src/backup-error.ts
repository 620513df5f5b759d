import { dirname } from "node:path"

/** Why no backup was made. */
export type BackupErrorCode =
  /** The file exists already, and was not changed. */
  | "backup_exists"
  /** The database does not exist, cannot be read, or is not a database of the broker. */
  | "source_unreadable"
  /** The copy could not be written, for example because the disk is full. */
  | "backup_unwritable"
  /** The copy did not verify, so the database is damaged too. */
  | "backup_damaged"
  /** The signal aborted it. */
  | "backup_aborted"

/** No backup was made, and nothing of it remains. The message says what to do. */
export class BackupError extends Error {
  override readonly name = "BackupError"
  readonly code: BackupErrorCode

  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Runs `write`, and turns its failure into a {@link BackupError}. */
export function writing(path: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (error instanceof BackupError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST") throw existing(path)
    throw new BackupError(
      "backup_unwritable",
      `the backup cannot be written to ${dirname(path)} (${code}): the folder must exist, be writable and have space`,
      { cause: error },
    )
  }
}

export const existing = (path: string): BackupError =>
  new BackupError("backup_exists", `${path} exists already, and a backup never replaces a file: give another name`)
