import { randomBytes } from "node:crypto"
import type {} from "@agentwrit/testing/postgres-setup"
import pg from "pg"
import { inject } from "vitest"

/** The server's URL; empty where PostgreSQL is not installed. */
export const serverUrl: string = inject("postgresUrl")

/** An empty schema of its own: what a broker sees as an empty database. */
export interface TemporarySchema extends AsyncDisposable {
  readonly url: string
  /** Runs a statement as the superuser. */
  query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>
}

export async function temporarySchema(): Promise<TemporarySchema> {
  const name = `test_${randomBytes(8).toString("hex")}`
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  await client.query(`create schema ${name}`)
  await client.query(`set search_path = ${name}`)
  return {
    url: `${serverUrl}?options=-csearch_path%3D${name}`,
    query: async (text) => (await client.query(text)).rows,
    async [Symbol.asyncDispose]() {
      await client.query(`drop schema ${name} cascade`)
      await client.end()
    },
  }
}
