import { constants, copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AuditEvent } from "@agentwrit/audit"
import type { KeptCheckpoint } from "@agentwrit/authority"
import Sqlite from "better-sqlite3"
import { isAtRest } from "./at-rest.ts"
import { DatabaseError, sqliteCode } from "./errors.ts"
import { toCheckpoint, toEvent } from "./rows.ts"
import type { CheckpointsTable, EventsTable } from "./schema.ts"

/** Milliseconds to wait for another process that holds the file. */
const BUSY_TIMEOUT = 5000

/** Events read at once: a long read would keep a running broker from emptying its write-ahead log. */
const STEP = 1000

/** A trail in a database file, read as it stood when it was opened. */
export interface TrailReader extends Disposable {
  /** Events in it. */
  readonly size: number
  /** Its newest signed checkpoint; absent while it has none. */
  readonly checkpoint?: KeptCheckpoint
  /** All its events, in the chain's order, as they are stored: whether they hold is for a verification to say. */
  events(): Iterable<AuditEvent>
}

/**
 * Opens the trail of a database file for reading alone: a copy, a backup, or the file of a broker that runs. Nothing is written,
 * migrated or locked.
 * @throws {@link DatabaseError} when the file cannot be read, or holds no trail.
 */
export function openTrail(path: string): TrailReader {
  const database = openReadOnly(path)
  try {
    const checkpoint = database
      .prepare<[], CheckpointsTable>("select * from checkpoints order by size desc limit 1")
      .get()
    const newest = database.prepare<[], number | null>("select max(seq) from events").pluck().get()
    const read = database.prepare<[number, number], EventsTable>(
      "select * from events where seq > ? and seq <= ? order by seq",
    )
    const size = newest ?? 0
    return {
      size,
      ...(checkpoint !== undefined && { checkpoint: toCheckpoint(checkpoint) }),
      *events() {
        for (let after = 0; after < size; after += STEP)
          for (const row of read.all(after, Math.min(after + STEP, size))) yield toEvent(row)
      },
      [Symbol.dispose]: () => void database.close(),
    }
  } catch (error) {
    database.close()
    throw refusal(path, error)
  }
}

function openReadOnly(path: string): Sqlite.Database {
  // SQLite would say of a missing file no more than that it cannot be opened.
  if (!existsSync(path)) throw new DatabaseError("database_unreadable", `${path} does not exist`)
  try {
    return isAtRest(path) ? connectToCopy(path) : connect(path)
  } catch (error) {
    throw refusal(path, error)
  }
}

/** The copy's names are gone as soon as it is open. */
function connectToCopy(path: string): Sqlite.Database {
  const folder = mkdtempSync(join(tmpdir(), "agentwrit-trail-"))
  try {
    const copy = join(folder, "data.db")
    copyFileSync(path, copy, constants.COPYFILE_FICLONE)
    return connect(copy)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function connect(path: string): Sqlite.Database {
  const database = new Sqlite(path, { readonly: true, timeout: BUSY_TIMEOUT })
  try {
    database.pragma("query_only = ON")
    database.pragma("trusted_schema = OFF")
    // Opens all the files that reading takes.
    database.prepare("select count(*) from sqlite_schema").get()
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function refusal(path: string, error: unknown): Error {
  const code = sqliteCode(error)
  if (code === "SQLITE_NOTADB" || code === "SQLITE_ERROR")
    return new DatabaseError("database_not_ours", `${path} is no database of the broker`, { cause: error })
  return new DatabaseError(
    "database_unreadable",
    `${path} cannot be read (${code ?? String(error)}): check your rights to it and its folder`,
    {
      cause: error,
    },
  )
}
