import { GENESIS_HASH, RightEdge } from "@agentwrit/audit"
import type { Connection } from "./database.ts"
import { DatabaseError } from "./errors.ts"
import { MIGRATIONS } from "./migrations.ts"
import { sql } from "./sql.ts"

/** "AWRT": brokers that start at the same time migrate one after the other. */
const LOCK = 0x41575254

/**
 * Brings the schema up to date, in one transaction.
 * @throws {@link DatabaseError} `database_newer` when it has migrations that this program does not know;
 * `database_not_ours` when it has the tables of another program.
 */
export async function migrate(connection: Connection): Promise<void> {
  await connection.command("begin")
  try {
    await connection.run(sql`select pg_advisory_xact_lock(${LOCK})`)
    const tables = await connection.all(sql<{ name: string }>`
      select tablename as name from pg_tables where schemaname = current_schema()`)
    const isOurs = tables.some(({ name }) => name === "agentwrit_migrations")
    if (!isOurs && tables.length > 0)
      throw new DatabaseError(
        "database_not_ours",
        "the database has the tables of another program: choose another one in AA_DATABASE_URL",
      )
    if (!isOurs)
      await connection.command(
        "create table agentwrit_migrations (name text primary key, applied_at timestamptz not null)",
      )
    await applyMissing(connection)
    await connection.command("commit")
  } catch (error) {
    await connection.command("rollback").catch(() => undefined)
    throw error
  }
}

async function applyMissing(connection: Connection): Promise<void> {
  const rows = await connection.all(sql<{ name: string }>`select name from agentwrit_migrations order by name`)
  const applied = rows.map(({ name }) => name)
  const unknown = applied.filter((name) => !MIGRATIONS.some(([known]) => known === name))
  if (unknown.length > 0)
    throw new DatabaseError(
      "database_newer",
      `the database was migrated by a newer version (${unknown.join(", ")}): start that version`,
    )
  for (const [name, text] of MIGRATIONS) {
    if (applied.includes(name)) continue
    await connection.command(text)
    await connection.run(sql`insert into agentwrit_migrations (name, applied_at) values (${name}, now())`)
  }
  await connection.run(sql`
    insert into head (id, size, hash, edge, revocations, key_rings)
    values (1, 0, ${Buffer.from(GENESIS_HASH, "hex")}, ${new RightEdge().toBytes()}, 0, 0) on conflict do nothing`)
}
