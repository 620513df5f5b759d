import { type Kysely, sql } from "kysely"
import type { Migration } from "kysely/migration"

/** The trail and its checkpoints, apps, launch tokens, nonces, agents, revocations. */
export const foundation: Migration = {
  async up(db: Kysely<never>): Promise<void> {
    await db.schema
      .createTable("events")
      .addColumn("seq", "integer", (column) => column.primaryKey())
      .addColumn("timestamp", "integer", (column) => column.notNull())
      .addColumn("event_type", "text", (column) => column.notNull())
      .addColumn("agent_id", "text")
      .addColumn("task_id", "text")
      .addColumn("orch_id", "text")
      .addColumn("detail", "text", (column) => column.notNull())
      .addColumn("resource", "text")
      .addColumn("outcome", "text", (column) => column.notNull())
      .addColumn("deleg_depth", "integer")
      .addColumn("deleg_chain_hash", "text")
      .addColumn("bytes_transferred", "integer")
      .addColumn("hash", "blob", (column) => column.notNull())
      .addColumn("prev_hash", "blob", (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute()
    // Only what is set is indexed: most filters then cost what they find, and most events cost one entry or two.
    for (const column of ["agent_id", "task_id"]) {
      await db.schema
        .createIndex(`events_by_${column}`)
        .on("events")
        .columns([column, "seq"])
        .where(sql.ref(column), "is not", null)
        .execute()
    }
    await db.schema.createIndex("events_by_type").on("events").columns(["event_type", "seq"]).execute()
    await db.schema.createIndex("events_by_timestamp").on("events").columns(["timestamp"]).execute()

    await db.schema
      .createTable("checkpoints")
      .addColumn("size", "integer", (column) => column.primaryKey())
      .addColumn("root", "blob", (column) => column.notNull())
      .addColumn("note", "text", (column) => column.notNull())
      .addColumn("edge", "blob", (column) => column.notNull())
      .addColumn("head_hash", "blob", (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute()

    await db.schema
      .createTable("apps")
      .addColumn("seq", "integer", (column) => column.primaryKey())
      .addColumn("app_id", "text", (column) => column.notNull().unique())
      .addColumn("name", "text", (column) => column.notNull().unique())
      .addColumn("client_id", "text", (column) => column.notNull().unique())
      .addColumn("secret_hash", "blob", (column) => column.notNull())
      .addColumn("scopes", "text", (column) => column.notNull())
      .addColumn("token_ttl", "integer", (column) => column.notNull())
      .addColumn("created_at", "integer", (column) => column.notNull())
      .addColumn("updated_at", "integer", (column) => column.notNull())
      .addColumn("deregistered_at", "integer")
      .addColumn("revision", "integer", (column) => column.notNull())
      .modifyEnd(sql`strict`)
      .execute()

    await db.schema
      .createTable("launch_tokens")
      .addColumn("hash", "blob", (column) => column.primaryKey())
      .addColumn("agent_name", "text", (column) => column.notNull())
      .addColumn("allowed_scope", "text", (column) => column.notNull())
      .addColumn("max_ttl", "integer", (column) => column.notNull())
      .addColumn("single_use", "integer", (column) => column.notNull())
      .addColumn("orch_id", "text")
      .addColumn("task_id", "text")
      .addColumn("app_id", "text")
      .addColumn("created_at", "integer", (column) => column.notNull())
      .addColumn("expires_at", "integer", (column) => column.notNull())
      .addColumn("spent_at", "integer")
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    await db.schema.createIndex("launch_tokens_by_expiry").on("launch_tokens").column("expires_at").execute()

    await db.schema
      .createTable("spent_nonces")
      .addColumn("nonce", "blob", (column) => column.primaryKey())
      .addColumn("expires_at", "integer", (column) => column.notNull())
      .modifyEnd(sql`strict, without rowid`)
      .execute()
    await db.schema.createIndex("spent_nonces_by_expiry").on("spent_nonces").column("expires_at").execute()

    await db.schema
      .createTable("agents")
      .addColumn("seq", "integer", (column) => column.primaryKey())
      .addColumn("agent_id", "text", (column) => column.notNull().unique())
      .addColumn("orch_id", "text", (column) => column.notNull())
      .addColumn("task_id", "text", (column) => column.notNull())
      .addColumn("app_id", "text")
      .addColumn("public_key", "blob", (column) => column.notNull())
      .addColumn("scope", "text", (column) => column.notNull())
      .addColumn("ttl", "integer", (column) => column.notNull())
      .addColumn("jti", "text", (column) => column.notNull().unique())
      .addColumn("registered_at", "integer", (column) => column.notNull())
      .addColumn("expires_at", "integer", (column) => column.notNull())
      .addColumn("released_at", "integer")
      .addColumn("revoked_at", "integer")
      .addColumn("expired_at", "integer")
      .modifyEnd(sql`strict`)
      .execute()
    for (const column of ["task_id", "orch_id"])
      await db.schema.createIndex(`agents_by_${column}`).on("agents").columns([column, "seq"]).execute()
    // Those that may be active, and those that maintenance has yet to tell of: few, however many there have been.
    await db.schema
      .createIndex("agents_unfinished")
      .on("agents")
      .columns(["expires_at"])
      .where(sql.ref("released_at"), "is", null)
      .where(sql.ref("expired_at"), "is", null)
      .execute()
    await db.schema
      .createIndex("agents_by_app_id")
      .on("agents")
      .columns(["app_id", "seq"])
      .where(sql.ref("app_id"), "is not", null)
      .execute()

    await db.schema
      .createTable("revocations")
      // AUTOINCREMENT: the feed resumes by this number, so that none may be given twice, pruned ones included.
      .addColumn("seq", "integer", (column) => column.primaryKey().autoIncrement())
      .addColumn("level", "text", (column) => column.notNull())
      .addColumn("target", "text", (column) => column.notNull())
      .addColumn("digest", "text", (column) => column.notNull())
      .addColumn("revoked_at", "integer", (column) => column.notNull())
      .addColumn("expires_at", "integer")
      .addColumn("forget_at", "integer")
      .addUniqueConstraint("revocations_by_target", ["level", "target"])
      .modifyEnd(sql`strict`)
      .execute()
    await db.schema
      .createIndex("revocations_by_forgetting")
      .on("revocations")
      .column("forget_at")
      .where(sql.ref("forget_at"), "is not", null)
      .execute()
  },
}
