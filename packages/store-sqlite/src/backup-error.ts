import { dirname } from "node:path"

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
  /** It was given up by its signal. */
  | "backup_aborted"

/** A backup that was not made; nothing of it is left behind. The message says what to do. */
export class BackupError extends Error {
  override readonly name = "BackupError"
  readonly code: BackupErrorCode

  constructor(code: BackupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Runs what writes at a path, and tells of a failure in words of the backup. */
export function writing(path: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (error instanceof BackupError) throw error
    const { code } = error as NodeJS.ErrnoException
    if (code === "EEXIST") throw existing(path)
    throw new BackupError(
      "backup_unwritable",
      `the backup cannot be written to ${dirname(path)} (${code}): the folder must exist, be writable and have room`,
      { cause: error },
    )
  }
}

/** There is something at the backup's path. */
export const existing = (path: string): BackupError =>
  new BackupError("backup_exists", `${path} exists already, and a backup never replaces a file: give another name`)
