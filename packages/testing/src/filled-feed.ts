import { join } from "node:path"
import Sqlite from "better-sqlite3"
import { type BrokerFolder, startBroker } from "./broker-process.ts"

/** Writes that many revocations into the database of a stopped broker. Through the API it would take minutes. */
export async function fillFeed(folder: BrokerFolder, count: number): Promise<void> {
  // The first start creates the database.
  await (await startBroker(folder)).end("SIGTERM")
  using database = open(join(folder.path, "data.db"))
  database.file.exec(`
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})
    INSERT INTO revocations (level, target, digest, revoked_at, expires_at, forget_at)
    SELECT 'task', 'filled-' || n, printf('%042dA', n), 0, NULL, NULL FROM numbers`)
}

function open(path: string) {
  const file = new Sqlite(path)
  return { file, [Symbol.dispose]: () => void file.close() }
}
