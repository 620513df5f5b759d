import Sqlite from "better-sqlite3"
import { DatabaseError } from "./errors.ts"
import { MIGRATIONS } from "./migrations.ts"

interface SchemaObject {
  readonly type: string
  readonly name: string
  readonly sql: string
}

/** The tables of the library that version 2.0.0 migrated with. */
const MIGRATION_TABLES = ["table kysely_migration", "table kysely_migration_lock"]

/**
 * Refuses a database that has a table, index, view or trigger which no migration made, or changed since, or lacks one
 * that they made (CONTRACT 4): a trigger or a column's default could change every write.
 * @throws {@link DatabaseError} `database_changed`.
 */
export function requireOwnSchema(database: Sqlite.Database, path: string): void {
  const found = objectsOf(database)
  const expected = migratedObjects()
  const problems: string[] = []
  for (const [object, sql] of found)
    if (!expected.has(object)) problems.push(`the ${object}, which AgentWrit did not make`)
    else if (expected.get(object) !== sql) problems.push(`the ${object} in another form than AgentWrit made it`)
  for (const object of expected.keys()) if (!found.has(object)) problems.push(`no ${object}`)
  if (problems.length === 0) return
  throw new DatabaseError(
    "database_changed",
    `${path} has ${problems.join(", and ")}: someone changed the database. Find out who, and restore a backup, or drop what is not ours`,
  )
}

function migratedObjects(): ReadonlyMap<string, string> {
  const database = new Sqlite(":memory:")
  try {
    for (const [, sql] of MIGRATIONS) database.exec(sql)
    return objectsOf(database)
  } finally {
    database.close()
  }
}

/**
 * The SQL of each object by its type and name. SQLite's own tables and indexes are left out; our schema has no views or
 * triggers.
 */
function objectsOf(database: Sqlite.Database): ReadonlyMap<string, string> {
  const objects = database
    .prepare<[], SchemaObject>(
      "select type, name, sql from sqlite_schema where name not like 'sqlite\\_%' escape '\\' or type in ('trigger', 'view')",
    )
    .all()
    .map(({ type, name, sql }) => [`${type} ${name}`, wordsOf(sql)] as const)
  return new Map(objects.filter(([object]) => !MIGRATION_TABLES.includes(object)))
}

/** A string, a quoted name, a comment, blanks, a word, or another character. */
const WORD = /'(?:[^']|'')*'|"(\w+)"|--[^\n]*|\s+|\w+|./g

/** The SQL without comments, blanks and quotes around names: version 2.0.0 wrote the same SQL in another form. */
function wordsOf(sql: string): string {
  const words = [...sql.matchAll(WORD)].map(([word, name]) => name ?? (/^(?:--|\s)/.test(word) ? "" : word))
  return words.filter((word) => word !== "").join(" ")
}
