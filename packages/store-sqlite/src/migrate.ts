import { type Kysely, SqliteAdapter, SqliteDialect } from "kysely"
import { type Migration, Migrator } from "kysely/migration"
import { DatabaseError, sqliteCode } from "./errors.ts"
import { foundation } from "./migrations/0001-foundation.ts"
import { delegatedTokens } from "./migrations/0002-delegated-tokens.ts"
import { denials } from "./migrations/0003-denials.ts"
import type { Schema } from "./schema.ts"

/** Forward only, in this order; each runs in a transaction of its own. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-foundation": foundation,
  "0002-delegated-tokens": delegatedTokens,
  "0003-denials": denials,
}

/**
 * SQLite whose migrations are each one transaction. Kysely's own would run their statements one by one, and a broker that died
 * between two could never start on that file again.
 */
export class OneTransactionDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new (class extends SqliteAdapter {
      override get supportsTransactionalDdl(): boolean {
        return true
      }
    })()
  }
}

/**
 * Brings the schema up to date.
 * @throws {@link DatabaseError} `database_newer` when the file holds migrations that this program does not know.
 */
export async function migrate(db: Kysely<Schema>, path: string): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  await refuseNewer(db, path)
  for (;;) {
    const { error, results = [] } = await migrator.migrateUp()
    if (sqliteCode(error) === "SQLITE_CORRUPT") throw error
    if (error !== undefined)
      throw new DatabaseError("database_unreadable", `${path} cannot be brought up to date: ${String(error)}`, {
        cause: error,
      })
    if (results.length === 0) return
  }
}

async function refuseNewer(db: Kysely<Schema>, path: string): Promise<void> {
  const tables = (await db.introspection.getTables({ withInternalKyselyTables: true })).map(({ name }) => name)
  if (tables.length === 0) return
  if (!tables.includes("kysely_migration"))
    throw new DatabaseError("database_not_ours", `${path} is a database of another program: choose another AA_DB_PATH`)
  const done = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom("kysely_migration")
    .select("name")
    .orderBy("name")
    .execute()
  const unknown = done.filter(({ name }) => !(name in MIGRATIONS))
  if (unknown.length > 0)
    throw new DatabaseError(
      "database_newer",
      `${path} was written by a newer version (migration ${unknown.map(({ name }) => name).join(", ")}): start that version, or restore the backup made before the upgrade`,
    )
}
