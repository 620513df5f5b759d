import { parentPort, workerData } from "node:worker_threads"
import { openReadOnly } from "./connection.ts"
import { sqliteCode } from "./errors.ts"
import { Statements } from "./sql.ts"
import { SealKey, storedSeal } from "./table-seal.ts"
import { TableSum } from "./table-sum.ts"

/** The tables to compare with their seal. */
export interface ScanTask {
  readonly path: string
  /** The key of the records' seals. */
  readonly key: Uint8Array
}

const { path, key }: ScanTask = workerData
const database = openReadOnly(path)

/** Reads seal and rows in one transaction: the broker commits meanwhile. */
const matches = database.transaction((): boolean => {
  const stored = new Statements(database).get(storedSeal)
  if (stored === undefined) return false
  return Buffer.compare(TableSum.of(database, key).bytes, new SealKey(key).open(stored)) === 0
})

function scan(): boolean {
  try {
    return matches()
  } catch (error) {
    // An I/O error may pass. Damage means that someone else wrote to the file.
    if (sqliteCode(error)?.startsWith("SQLITE_CORRUPT")) return false
    throw error
  }
}

parentPort?.postMessage(scan())
database.close()
