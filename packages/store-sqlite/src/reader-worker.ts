import { parentPort, workerData } from "node:worker_threads"
import { openReadOnly } from "./connection.ts"
import { type Failure, toFailure } from "./failure.ts"
import { type Query, Statements, sql } from "./sql.ts"

/** A query for the reader's thread. */
export interface ReadRequest {
  readonly id: number
  readonly query: Query
  /** Whether to tell when the query's snapshot is fixed. */
  readonly tellsStart?: boolean
}

/** Its rows, or the error; before them, for a query that tells it, that its snapshot is fixed. */
export type ReadAnswer = { readonly id: number; readonly started: true } | Rows

interface Rows {
  readonly id: number
  readonly started?: never
  readonly rows: readonly unknown[]
  readonly failure?: Failure
}

const database = openReadOnly(workerData.path)
const statements = new Statements(database)
const post = (answer: ReadAnswer): void => parentPort?.postMessage(answer)

/** Runs a query on what is committed now, whatever commits while it runs. */
const runInSnapshot = database.transaction(({ id, query }: ReadRequest) => {
  // A transaction takes its snapshot with the first read.
  statements.get(sql`select 1 from sqlite_schema`)
  post({ id, started: true })
  return statements.all(query)
})

parentPort?.on("message", (request: ReadRequest) => {
  const { id, query, tellsStart = false } = request
  try {
    post({ id, rows: tellsStart ? runInSnapshot(request) : statements.all(query) })
  } catch (error) {
    post({ id, rows: [], failure: toFailure(error) })
  }
})
