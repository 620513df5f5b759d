/** Why a database file was refused. */
export type DatabaseErrorCode =
  | "database_unreadable"
  | "database_not_ours"
  | "database_damaged"
  | "database_newer"
  | "database_changed"
  | "database_in_use"
  | "database_full"
  | "database_not_durable"
  | "sqlite_too_old"

/** The database file cannot be used; the message says what to do. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError"
  readonly code: DatabaseErrorCode

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The primary result code of an SQLite error, such as `SQLITE_FULL`; `undefined` for any other error. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined
  return /^SQLITE_[A-Z]+/.exec(error.code)?.[0]
}

/** Faults after which the transaction is undone, and the connection works again once the cause is gone. */
const PASSING = {
  SQLITE_FULL: "full",
  SQLITE_BUSY: "busy",
  SQLITE_READONLY: "read_only",
} as const

/** The code of a fault that may pass; `undefined` for an error that leaves the outcome of a commit unknown. */
export function passingFault(error: unknown): "full" | "busy" | "read_only" | undefined {
  const code = sqliteCode(error)
  return code !== undefined && code in PASSING ? PASSING[code as keyof typeof PASSING] : undefined
}

/** Whether an error comes from the data of one change or from our own code, so that undoing that change is enough. */
export function isContained(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === undefined || ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"].includes(code)
}

/** Whether an error means that the file or its disk is damaged, or that the file was replaced. */
export function isDamage(error: unknown): boolean {
  return ["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR", "SQLITE_CANTOPEN"].includes(sqliteCode(error) ?? "")
}

/** Explains to the operator why an opened file cannot be used. Other errors are returned unchanged. */
export function openingFailure(error: unknown, path: string): unknown {
  if (isDamage(error))
    return new DatabaseError(
      "database_damaged",
      `${path} is damaged, only part of a database, or cannot be read (${String(error)}): check its disk, and restore the latest backup`,
      { cause: error },
    )
  if (passingFault(error) === "full")
    return new DatabaseError("database_full", `the disk of ${path} is full: free some space and start again`, {
      cause: error,
    })
  if (passingFault(error) === "read_only")
    return new DatabaseError(
      "database_unreadable",
      `${path} cannot be written: it must belong to the broker's user, on a writable disk`,
      { cause: error },
    )
  return error
}
