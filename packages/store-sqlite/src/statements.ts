import type Sqlite from "better-sqlite3"
import { type Compilable, type Kysely, type RawBuilder, sql } from "kysely"
import type { Schema } from "./schema.ts"

/** A value given at each run, by name. */
export const parameter = <T>(name: string): RawBuilder<T> => sql<T>`${sql.raw(`@${name}`)}`

/** Parameters for every column of a row, named as the columns. */
export function rowParameters<Row extends object>(columns: readonly (keyof Row & string)[]): Row {
  return Object.fromEntries(columns.map((column) => [column, parameter(column)])) as Row
}

/** Builds a query once, with {@link parameter}s in it, into a statement that runs without building it again. */
export type Prepare = <Parameters extends object, Row = unknown>(
  build: (db: Kysely<Schema>) => Compilable,
) => Sqlite.Statement<[Parameters], Row>

/** Prepares statements on one connection. */
export function preparing(database: Sqlite.Database, db: Kysely<Schema>): Prepare {
  return (build) => {
    const { sql, parameters } = build(db).compile()
    if (parameters.length > 0) throw new TypeError(`a prepared query takes its values by name: ${sql}`)
    return database.prepare(sql)
  }
}
