import type Sqlite from "better-sqlite3"
import { DatabaseError, sqliteCode } from "./errors.ts"
import { MIGRATIONS } from "./migrations.ts"
import { requireOwnSchema } from "./schema.ts"

/**
 * Brings the schema up to date. Each migration is one transaction, so that a crash between two statements leaves
 * nothing half done.
 * @throws {@link DatabaseError} `database_newer` when the file holds migrations that this program does not know;
 * `database_changed` when its schema is not what the migrations make.
 */
export function migrate(database: Sqlite.Database, path: string): void {
  refuseForeign(database, path)
  try {
    // Named by the library that version 2.0.0 migrated with.
    database.exec(`create table if not exists kysely_migration
      (name varchar(255) not null primary key, timestamp varchar(255) not null)`)
    const applied = appliedMigrations(database)
    const record = database.prepare("insert into kysely_migration (name, timestamp) values (?, ?)")
    for (const [name, sql] of MIGRATIONS) {
      if (applied.includes(name)) continue
      database.transaction(() => {
        database.exec(sql)
        record.run(name, new Date().toISOString())
      })()
    }
  } catch (error) {
    if (sqliteCode(error) === "SQLITE_CORRUPT") throw error
    throw new DatabaseError("database_unreadable", `${path} cannot be brought up to date: ${String(error)}`, {
      cause: error,
    })
  }
  requireOwnSchema(database, path)
}

/** The names in the table of applied migrations that this program does not know. */
export function unknownMigrations(database: Sqlite.Database): readonly string[] {
  return appliedMigrations(database).filter((name) => !MIGRATIONS.some(([known]) => known === name))
}

const appliedMigrations = (database: Sqlite.Database): readonly string[] =>
  database.prepare<[], string>("select name from kysely_migration order by name").pluck().all()

function refuseForeign(database: Sqlite.Database, path: string): void {
  const tables = database.prepare("select name from sqlite_schema where type = 'table'").pluck().all()
  if (tables.length === 0) return
  if (!tables.includes("kysely_migration"))
    throw new DatabaseError("database_not_ours", `${path} is a database of another program: choose another AA_DB_PATH`)
  const unknown = unknownMigrations(database)
  if (unknown.length > 0)
    throw new DatabaseError(
      "database_newer",
      `${path} was written by a newer version (migration ${unknown.join(", ")}): start that version, or restore the backup made before the upgrade`,
    )
}
