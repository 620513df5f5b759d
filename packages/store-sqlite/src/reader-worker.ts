import { parentPort, workerData } from "node:worker_threads"
import { openReadOnly } from "./connection.ts"
import { type Failure, toFailure } from "./failure.ts"
import { type Query, Statements } from "./sql.ts"

/** A query for the reader's thread. */
export interface ReadRequest {
  readonly id: number
  readonly query: Query
}

/** Its rows, or the error. */
export interface ReadAnswer {
  readonly id: number
  readonly rows: readonly unknown[]
  readonly failure?: Failure
}

const statements = new Statements(openReadOnly(workerData.path))

parentPort?.on("message", ({ id, query }: ReadRequest) => {
  let answer: ReadAnswer
  try {
    answer = { id, rows: statements.all(query) }
  } catch (error) {
    answer = { id, rows: [], failure: toFailure(error) }
  }
  parentPort?.postMessage(answer)
})
