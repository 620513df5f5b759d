/** Why a database file was refused. */
export type DatabaseErrorCode =
  | "database_unreadable"
  | "database_not_ours"
  | "database_damaged"
  | "database_newer"
  | "database_in_use"
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

/** What SQLite says of a file whose pages do not fit together, as of one that was copied in part. */
export const damagedDatabase = (path: string, cause: unknown): DatabaseError =>
  new DatabaseError(
    "database_damaged",
    `${path} is damaged or only part of a database (${String(cause)}): restore another backup, made by awrit backup`,
    { cause },
  )

/** The primary result code of an SQLite failure, such as `SQLITE_FULL`; `undefined` for any other error. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined
  return /^SQLITE_[A-Z]+/.exec(error.code)?.[0]
}

/** Faults after which the transaction is undone and the same connection may go on once the cause is gone. */
const PASSING = {
  SQLITE_FULL: "full",
  SQLITE_BUSY: "busy",
  SQLITE_READONLY: "read_only",
} as const

/** Which passing fault this is; `undefined` for every failure that leaves a commit's outcome unknown. */
export function passingFault(error: unknown): "full" | "busy" | "read_only" | undefined {
  const code = sqliteCode(error)
  return code !== undefined && code in PASSING ? PASSING[code as keyof typeof PASSING] : undefined
}

/** Failures of one statement's own data, or of our code around it: undoing that change undoes all of it. */
export function isContained(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === undefined || ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"].includes(code)
}
