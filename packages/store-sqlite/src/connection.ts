import { closeSync, openSync } from "node:fs"
import Sqlite from "better-sqlite3"
import type { Ballast } from "./ballast.ts"
import { DatabaseError, openingFailure, passingFault, sqliteCode } from "./errors.ts"

/** The first SQLite without the WAL-reset bug, which could lose a commit. */
const OLDEST_SQLITE = [3, 51, 3] as const

/** Milliseconds to wait for another process that holds the file, such as a backup. */
const BUSY_TIMEOUT = 1000

/** Bytes of pages that the writer keeps in memory, once it has used them: keys are random, so that each change takes other ones. */
const CACHE = 32 * 1024 * 1024

/** "AWRT": tells tools whose database this is. */
export const APPLICATION_ID = 0x41575254

/** A writing connection and the lock that keeps other brokers off its file. */
export interface Connection {
  readonly database: Sqlite.Database
  close(): void
}

/**
 * Opens the one writing connection to a database file.
 * @throws {@link DatabaseError} when the file is another's, unreadable, or held by another broker, or SQLite is too old.
 */
export function openConnection(path: string, ballast: Ballast): Connection {
  const lock = lockOut(path)
  try {
    const database = openInRoom(path, ballast)
    return {
      database,
      close() {
        database.close()
        lock.close()
      },
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

/** Opens a connection that sees what is committed and changes nothing. */
export function openReadOnly(path: string): Sqlite.Database {
  const database = new Sqlite(path, { readonly: true, timeout: BUSY_TIMEOUT })
  database.pragma("query_only = ON")
  database.pragma("trusted_schema = OFF")
  return database
}

/**
 * Makes commits durable. SQLite is built here so that WAL files run with `synchronous=NORMAL`, which a power cut can cost
 * acknowledged commits, and the setting falls back to it at the first DDL: so it is set after the migrations, and read back
 * after a write.
 */
export function makeDurable(database: Sqlite.Database, path: string, ballast: Ballast): void {
  database.pragma("synchronous = FULL")
  try {
    database.pragma(`application_id = ${APPLICATION_ID}`)
  } catch (error) {
    if (passingFault(error) !== "full") throw error
    // A broker that starts on a full disk denies and revokes.
    ballast.free()
    database.pragma(`application_id = ${APPLICATION_ID}`)
  }
  const mode = database.pragma("journal_mode", { simple: true })
  const synchronous = database.pragma("synchronous", { simple: true })
  if (mode !== "wal" || synchronous !== 2)
    throw new DatabaseError(
      "database_not_durable",
      `${path} cannot be made durable (journal_mode ${String(mode)}, synchronous ${String(synchronous)}): put it on a local file system`,
    )
}

/** The files beside the database take room too: where there is none, what the ballast gives up. */
function openInRoom(path: string, ballast: Ballast): Sqlite.Database {
  try {
    return openDatabase(path)
  } catch (error) {
    const cause = error instanceof DatabaseError ? error.cause : error
    if (!["SQLITE_FULL", "SQLITE_IOERR"].includes(sqliteCode(cause) ?? "")) throw error
    ballast.free()
    return openDatabase(path)
  }
}

function openDatabase(path: string): Sqlite.Database {
  let database: Sqlite.Database | undefined
  try {
    keepPrivate(path)
    database = new Sqlite(path, { timeout: BUSY_TIMEOUT })
    refuseOldSqlite(database)
    database.pragma("journal_mode = WAL")
    database.pragma("synchronous = FULL")
    database.pragma("foreign_keys = ON")
    database.pragma("trusted_schema = OFF")
    database.pragma(`cache_size = -${CACHE / 1024}`)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof DatabaseError) throw error
    if (sqliteCode(error) === "SQLITE_NOTADB")
      throw new DatabaseError("database_not_ours", `${path} is not a database: choose another AA_DB_PATH`, {
        cause: error,
      })
    if (sqliteCode(error) === "SQLITE_CORRUPT") throw openingFailure(error, path)
    throw new DatabaseError(
      "database_unreadable",
      `${path} cannot be opened (${String(error)}): its folder must exist and be writable, and both belong to the user who runs this`,
      { cause: error },
    )
  }
}

/** A new file is the broker's alone: SQLite would let others read it, and its WAL takes over the mode. */
function keepPrivate(path: string): void {
  try {
    // Only ever a file that was not there: closing any descriptor of one that is would drop this process's locks on it.
    closeSync(openSync(path, "ax", 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

/** A side file held by an SQLite lock: the kernel lets go of it when the process ends, however it ends. */
function lockOut(path: string): Sqlite.Database {
  let lock: Sqlite.Database | undefined
  try {
    keepPrivate(`${path}-lock`)
    lock = new Sqlite(`${path}-lock`, { timeout: 0 })
    lock.pragma("journal_mode = MEMORY")
    lock.exec("BEGIN EXCLUSIVE")
    return lock
  } catch (error) {
    lock?.close()
    if (sqliteCode(error) === "SQLITE_BUSY")
      throw new DatabaseError(
        "database_in_use",
        `${path} is in use by another broker: stop it, or choose another AA_DB_PATH`,
      )
    throw new DatabaseError(
      "database_unreadable",
      `${path}-lock cannot be opened (${String(error)}): the folder must exist and be writable by the broker`,
      { cause: error },
    )
  }
}

function refuseOldSqlite(database: Sqlite.Database): void {
  const version = String(database.prepare("SELECT sqlite_version()").pluck().get())
  const found = version.split(".").map(Number)
  for (const [place, least] of OLDEST_SQLITE.entries()) {
    const part = found[place] ?? 0
    if (part > least) return
    if (part < least)
      throw new DatabaseError(
        "sqlite_too_old",
        `SQLite ${version} can lose commits: ${OLDEST_SQLITE.join(".")} or newer is needed`,
      )
  }
}
