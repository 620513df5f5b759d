import { parentPort, workerData } from "node:worker_threads"
import type Sqlite from "better-sqlite3"
import { openReadOnly } from "./connection.ts"
import { isDamage } from "./errors.ts"

/** A query for the reader's thread. */
export interface ReadQuestion {
  readonly id: number
  readonly sql: string
  readonly parameters: readonly unknown[]
}

/** Its rows, or what went wrong. */
export interface ReadAnswer {
  readonly id: number
  readonly rows: readonly unknown[]
  readonly error?: string
  /** Whether the file cannot be read at all. */
  readonly damaged?: boolean
}

/** Statements kept prepared; queries differ by their filters alone. */
const PREPARED = 64

const database = openReadOnly(workerData.path)
const statements = new Map<string, Sqlite.Statement<unknown[]>>()

function prepared(sql: string): Sqlite.Statement<unknown[]> {
  const known = statements.get(sql)
  if (known !== undefined) return known
  if (statements.size >= PREPARED) statements.clear()
  const statement = database.prepare<unknown[]>(sql)
  statements.set(sql, statement)
  return statement
}

parentPort?.on("message", ({ id, sql, parameters }: ReadQuestion) => {
  let answer: ReadAnswer
  try {
    answer = { id, rows: prepared(sql).all(...parameters) }
  } catch (error) {
    answer = { id, rows: [], error: String(error), damaged: isDamage(error) }
  }
  parentPort?.postMessage(answer)
})
