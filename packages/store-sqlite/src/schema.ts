import Sqlite from "better-sqlite3"
import { DatabaseError } from "./errors.ts"
import { MIGRATIONS } from "./migrations.ts"

interface SchemaObject {
  readonly type: string
  readonly name: string
}

/** The tables of the library that version 2.0.0 migrated with. */
const MIGRATION_TABLES = ["table kysely_migration", "table kysely_migration_lock"]

/**
 * Refuses a database that has a table, index, view or trigger which no migration made, or lacks one that they made
 * (CONTRACT 4): a trigger could change every write.
 * @throws {@link DatabaseError} `database_changed`.
 */
export function requireOwnSchema(database: Sqlite.Database, path: string): void {
  const found = objectsOf(database)
  const expected = migratedObjects()
  const foreign = found.filter((object) => !expected.includes(object) && !MIGRATION_TABLES.includes(object))
  const missing = expected.filter((object) => !found.includes(object))
  if (foreign.length + missing.length === 0) return
  const problems = [
    ...foreign.map((object) => `the ${object}, which AgentWrit did not make`),
    ...missing.map((object) => `no ${object}`),
  ]
  throw new DatabaseError(
    "database_changed",
    `${path} has ${problems.join(", and ")}: someone changed the database. Find out who, and restore a backup, or drop what is not ours`,
  )
}

function migratedObjects(): readonly string[] {
  const database = new Sqlite(":memory:")
  try {
    for (const [, sql] of MIGRATIONS) database.exec(sql)
    return objectsOf(database)
  } finally {
    database.close()
  }
}

/** SQLite's own tables and indexes are left out; our schema has no views or triggers. */
function objectsOf(database: Sqlite.Database): readonly string[] {
  const objects = database
    .prepare<[], SchemaObject>(
      "select type, name from sqlite_schema where name not like 'sqlite\\_%' escape '\\' or type in ('trigger', 'view')",
    )
    .all()
  return objects.map(({ type, name }) => `${type} ${name}`)
}
