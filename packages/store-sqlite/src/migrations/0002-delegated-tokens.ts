import { type Kysely, sql } from "kysely"
import type { Migration } from "kysely/migration"

/** When delegated tokens run out. */
export const delegatedTokens: Migration = {
  async up(db: Kysely<never>): Promise<void> {
    await db.schema
      .createTable("delegated_tokens")
      .addColumn("jti", "text", (column) => column.primaryKey())
      .addColumn("expires_at", "integer", (column) => column.notNull())
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    await db.schema.createIndex("delegated_tokens_by_expiry").on("delegated_tokens").column("expires_at").execute()
  },
}
