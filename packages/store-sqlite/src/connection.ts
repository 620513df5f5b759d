import { closeSync, existsSync, openSync, readSync } from "node:fs"
import Sqlite from "better-sqlite3"
import type { Ballast } from "./ballast.ts"
import { DatabaseError, openingFailure, passingFault, sqliteCode } from "./errors.ts"

/** The first SQLite version without the WAL-reset bug, which could lose a commit. */
const MIN_SQLITE_VERSION = [3, 51, 3] as const

/** How long to wait for another process that holds the file, such as a backup. */
const BUSY_TIMEOUT_MS = 1000

/** The writer's page cache. Keys are random, so each change touches other pages. */
const CACHE_BYTES = 32 * 1024 * 1024

/**
 * The WAL's size on disk once its content is in the database. A reader that stays long, such as a backup, lets it grow.
 */
const MAX_IDLE_WAL_BYTES = 16 * 1024 * 1024

/** "AWRT": tells tools which program the database belongs to. */
export const APPLICATION_ID = 0x41575254

/** A writing connection, and the lock that keeps other brokers away from its file. */
export interface Connection {
  readonly database: Sqlite.Database
  close(): void
}

/**
 * Opens the only writing connection to a database file.
 * @throws {@link DatabaseError} when the file belongs to another program, is unreadable or locked by another broker, or
 * when SQLite is too old.
 */
export function openConnection(path: string, ballast: Ballast): Connection {
  const lock = lockFile(path)
  try {
    const database = openWithReserve(path, ballast)
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

/** Opens a connection that reads what is committed and changes nothing. */
export function openReadOnly(path: string): Sqlite.Database {
  const database = new Sqlite(path, { readonly: true, timeout: BUSY_TIMEOUT_MS })
  database.pragma("query_only = ON")
  database.pragma("trusted_schema = OFF")
  return database
}

/**
 * Makes commits durable. better-sqlite3's build runs WAL files with `synchronous=NORMAL`, which can lose acknowledged
 * commits in a power cut, and returns to it at the first DDL. So `FULL` is set after the migrations, and read back
 * after a write.
 */
export function makeDurable(database: Sqlite.Database, path: string, ballast: Ballast): void {
  database.pragma("synchronous = FULL")
  try {
    database.pragma(`application_id = ${APPLICATION_ID}`)
  } catch (error) {
    if (passingFault(error) !== "full") throw error
    // A broker that starts on a full disk still denies and revokes.
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

/** The files beside the database need space too. On a full disk they get that of the ballast. */
function openWithReserve(path: string, ballast: Ballast): Sqlite.Database {
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
    refuseLeftoverWal(path)
    keepPrivate(path)
    database = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS })
    refuseOldSqlite(database)
    database.pragma("journal_mode = WAL")
    database.pragma("synchronous = FULL")
    database.pragma("foreign_keys = ON")
    database.pragma("trusted_schema = OFF")
    database.pragma(`journal_size_limit = ${MAX_IDLE_WAL_BYTES}`)
    database.pragma(`cache_size = -${CACHE_BYTES / 1024}`)
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

/**
 * Refuses a restored copy beside the WAL of the database before it: SQLite would apply that WAL to the copy. The header
 * of a copy that `backUpDatabase` made says 1 at byte 18 (no WAL), that of a database in use 2
 * (https://sqlite.org/fileformat.html, section 1.3.3).
 */
function refuseLeftoverWal(path: string): void {
  if (!existsSync(path) || !existsSync(`${path}-wal`)) return
  const version = Buffer.alloc(1)
  const descriptor = openSync(path, "r")
  try {
    readSync(descriptor, version, 0, 1, 18)
  } finally {
    closeSync(descriptor)
  }
  if (version[0] !== 1) return
  throw new DatabaseError(
    "database_changed",
    `${path} is a copy, but ${path}-wal beside it is of the database before it: move both away, then put the copy back`,
  )
}

/**
 * Creates the file so that only the broker can read it. SQLite would let others read it; the WAL gets the same mode.
 */
function keepPrivate(path: string): void {
  try {
    // Never an existing file: closing any descriptor of it would drop the locks of this process on it.
    closeSync(openSync(path, "ax", 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

/** Locks a side file through SQLite. The kernel releases the lock when the process ends, however it ends. */
function lockFile(path: string): Sqlite.Database {
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
  for (const [place, least] of MIN_SQLITE_VERSION.entries()) {
    const part = found[place] ?? 0
    if (part > least) return
    if (part < least)
      throw new DatabaseError(
        "sqlite_too_old",
        `SQLite ${version} can lose commits: ${MIN_SQLITE_VERSION.join(".")} or newer is needed`,
      )
  }
}
