import { constants, copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AuditEvent } from "@agentwrit/audit"
import type { StoredCheckpoint } from "@agentwrit/authority/ports"
import Sqlite from "better-sqlite3"
import { isAtRest } from "./at-rest.ts"
import { DatabaseError, sqliteCode } from "./errors.ts"
import { Statements, sql } from "./sql.ts"
import { TableVerifier } from "./table-verifier.ts"
import { eventRange, newestCheckpoint, toCheckpoint, toEvent } from "./trail-rows.ts"

/** How long to wait for another process that holds the file. */
const BUSY_TIMEOUT_MS = 5000

/** Events that are read at once. One long read would keep a running broker from emptying its write-ahead log. */
const BATCH_SIZE = 1000

/** The trail in a database file, as it was when it was opened. */
export interface TrailReader extends Disposable {
  /** Number of events. */
  readonly size: number
  /** The newest signed checkpoint; absent while there is none. */
  readonly checkpoint?: StoredCheckpoint
  /** All events in the order of the chain, as they are stored. They are not verified. */
  events(): Iterable<AuditEvent>
  /**
   * Holds the tables that give rights against the trail. Without the broker's key their seals are not checked.
   * @returns the first fault, or `undefined`; `undefined` too for the database of a version whose events do not
   * record rights.
   */
  tableProblem(): string | undefined
}

/**
 * Opens the trail of a database file for reading: a copy, a backup, or the file of a running broker. It writes,
 * migrates and locks nothing.
 * @throws {@link DatabaseError} when the file cannot be read or holds no trail.
 * @example
 * const trail = openTrail("/backups/2026-11-25.db")
 * for (const event of trail.events()) console.log(event.id, event.event_type)
 * trail[Symbol.dispose]()
 */
export function openTrail(path: string): TrailReader {
  const database = openReadOnly(path)
  try {
    const statements = new Statements(database)
    const checkpoint = statements.get(newestCheckpoint)
    const size = statements.get(sql<{ size: number | null }>`select max(seq) as size from events`)?.size ?? 0
    return {
      size,
      ...(checkpoint !== undefined && { checkpoint: toCheckpoint(checkpoint) }),
      *events() {
        for (let after = 0; after < size; after += BATCH_SIZE)
          for (const row of statements.all(eventRange(after, Math.min(after + BATCH_SIZE, size)))) yield toEvent(row)
      },
      tableProblem() {
        const columns = database.pragma("table_info(events)") as readonly { readonly name: string }[]
        if (!columns.some(({ name }) => name === "data")) return undefined
        const tables = new TableVerifier(statements, { now: Date.now() })
        let seq = 0
        for (const event of this.events()) {
          const problem = tables.event(++seq, event)
          if (problem !== undefined) return problem
        }
        for (const problem of tables.rows()) if (problem !== undefined) return problem
        return undefined
      },
      [Symbol.dispose]: () => void database.close(),
    }
  } catch (error) {
    database.close()
    throw refusal(path, error)
  }
}

function openReadOnly(path: string): Sqlite.Database {
  // SQLite says only that a missing file cannot be opened.
  if (!existsSync(path)) throw new DatabaseError("database_unreadable", `${path} does not exist`)
  try {
    return isAtRest(path) ? connectToCopy(path) : connect(path)
  } catch (error) {
    throw refusal(path, error)
  }
}

/** Opens a copy and unlinks it at once: the open connection keeps the data. */
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
  const database = new Sqlite(path, { readonly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    database.pragma("query_only = ON")
    database.pragma("trusted_schema = OFF")
    // Opens every file that reading needs.
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
    return new DatabaseError("database_not_ours", `${path} is not a database of the broker`, { cause: error })
  const message = `${path} cannot be read (${code ?? String(error)}): check your rights to the file and its folder`
  return new DatabaseError("database_unreadable", message, { cause: error })
}
