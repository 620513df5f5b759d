import { UnavailableError } from "@agentwrit/authority/ports"

/** Why a database was refused. */
export type DatabaseErrorCode =
  | "database_unreachable"
  | "database_denied"
  | "database_not_ours"
  | "database_newer"
  | "database_too_old"
  | "database_read_only"
  | "database_not_durable"
  | "database_failed"

/** The database cannot be used; the message says what to do. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError"
  readonly code: DatabaseErrorCode

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The SQLSTATE of a server's error, or the code of a system error; `undefined` for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
}

const SQLSTATE = /^[0-9A-Z]{5}$/

/** Whether the server itself answered with this error, so that the connection's transaction is undone. */
export const isFromServer = (error: unknown): boolean => SQLSTATE.test(codeOf(error) ?? "") && !endsConnection(error)

/** The server ends the connection with it: shutdown, crash, or an administrator's command (class 57P). */
const endsConnection = (error: unknown): boolean => codeOf(error)?.startsWith("57P") === true

/** Serialization failure and deadlock: the transaction is undone, and the same one may succeed. */
export const isRetryable = (error: unknown): boolean => ["40001", "40P01"].includes(codeOf(error) ?? "")

/**
 * Whether a statement failed because of the data of one change (classes 22, 23 and 54), so that undoing that change is
 * enough.
 */
export function isContained(error: unknown): boolean {
  const code = codeOf(error)
  return code === undefined ? error instanceof TypeError : /^(?:22|23|54)/.test(code)
}

/** A fault that passes by itself or with its cause: the disk is full, the server is away, read-only or busy. */
export function unavailable(error: unknown): UnavailableError {
  if (error instanceof UnavailableError) return error
  const code = codeOf(error)
  const message = `the database cannot be used: ${textOf(error)}`
  if (code === "53100") return new UnavailableError("full", message, { cause: error })
  if (code === "25006") return new UnavailableError("read_only", message, { cause: error })
  return new UnavailableError("busy", message, { cause: error })
}

/** Explains to the operator why a database cannot be opened. Other errors are returned unchanged. */
export function openingFailure(error: unknown): unknown {
  if (error instanceof DatabaseError) return error
  const refuse = (code: DatabaseErrorCode, advice: string) =>
    new DatabaseError(code, `${textOf(error)}: ${advice}`, { cause: error })
  const code = codeOf(error)
  const isAnswer = code !== undefined && SQLSTATE.test(code) && !endsConnection(error)
  switch (code ?? "") {
    case "28P01":
    case "28000":
      return refuse("database_denied", "check user and password of AA_DATABASE_URL, and the server's pg_hba.conf")
    case "3D000":
      return refuse("database_unreachable", "create the database, or correct its name in AA_DATABASE_URL")
    // No schema where the user may look for tables, or may create them.
    case "3F000":
    case "42501":
      return refuse("database_denied", "the user must be able to create tables in the schema and to write them")
    case "25006":
      return refuse("database_read_only", "AA_DATABASE_URL must name the primary, not a standby")
    case "53300":
      return refuse("database_unreachable", "raise max_connections of the server, or run fewer brokers")
    case "53100":
      return refuse("database_failed", "free some space on the server and start again")
  }
  if (!isAnswer)
    return refuse("database_unreachable", "check that the server runs, and host, port and sslmode of AA_DATABASE_URL")
  return refuse("database_failed", "see the server's log")
}

/** An error of several addresses that were tried has no message of its own. */
function textOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(textOf).join("; ")
  return error instanceof Error ? error.message : String(error)
}
