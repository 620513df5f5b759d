import { sql } from "kysely"
import type { Schema } from "./schema.ts"
import { type Prepare, parameter } from "./statements.ts"

/** Deletes a bounded number of rows inside the open transaction; answers how many. */
export type Prune = (before: number, limit: number) => number

/** What maintenance deletes. */
export interface Pruning {
  /** Whose time to be forgotten has come. */
  readonly revocations: Prune
  /** Which expired before. */
  readonly nonces: Prune
  readonly launchTokens: Prune
  readonly delegatedTokens: Prune
}

/** The column that an instant is held against, the comparison, and what tells the rows apart. */
interface Due {
  readonly column: string
  readonly comparison: "<" | "<="
  readonly key: string
}

/** Prepares the statement of each kind. */
export function preparedPruning(prepare: Prepare): Pruning {
  const pruning = (table: keyof Schema, { column, comparison, key }: Due): Prune => {
    const due = sql`
      select ${sql.ref(key)} from ${sql.table(table)}
      where ${sql.ref(column)} ${sql.raw(comparison)} ${parameter("before")}
      order by ${sql.ref(column)} limit ${parameter("limit")}`
    const remove = sql`delete from ${sql.table(table)} where ${sql.ref(key)} in (${due})`
    const statement = prepare<{ before: number; limit: number }>((db) => ({ compile: () => remove.compile(db) }))
    return (before, limit) => statement.run({ before, limit }).changes
  }
  return {
    revocations: pruning("revocations", { column: "forget_at", comparison: "<=", key: "seq" }),
    nonces: pruning("spent_nonces", { column: "expires_at", comparison: "<", key: "nonce" }),
    launchTokens: pruning("launch_tokens", { column: "expires_at", comparison: "<", key: "hash" }),
    delegatedTokens: pruning("delegated_tokens", { column: "expires_at", comparison: "<", key: "jti" }),
  }
}
