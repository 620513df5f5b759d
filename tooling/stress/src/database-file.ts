import { join } from "node:path"
import Sqlite from "better-sqlite3"

/** What SQLite itself finds wrong with the database of a folder. */
export function databaseProblems(folder: string): string[] {
  const database = new Sqlite(join(folder, "data.db"))
  try {
    const found = database.pragma("integrity_check", { simple: true })
    return found === "ok" ? [] : [`integrity_check: ${String(found)}`]
  } finally {
    database.close()
  }
}
