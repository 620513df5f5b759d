import { type Kysely, sql } from "kysely"
import type { Migration } from "kysely/migration"

/** The denials among the events: few, and what an operator looks for. */
export const denials: Migration = {
  async up(db: Kysely<never>): Promise<void> {
    await db.schema
      .createIndex("events_denied")
      .on("events")
      .columns(["outcome", "seq"])
      .where(sql.ref("outcome"), "=", sql.lit("denied"))
      .execute()
  },
}
