import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { SqliteStore } from "../src/index.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const EVENTS = 300_000

/** Events that no commit made: their hashes are of no matter to a query. */
function fill(path: string): void {
  const database = new Sqlite(path)
  database.exec(`
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${EVENTS})
    INSERT INTO events (seq, timestamp, event_type, agent_id, detail, outcome, hash, prev_hash)
    SELECT n, n, 'token_issued', iif(n % 30000 = 0, 'admin', NULL), 'filled', iif(n % 10, 'success', 'denied'),
           zeroblob(32), zeroblob(32) FROM numbers`)
  database.close()
}

test("a page of the denials, alone or of an agent, costs its matches and not the trail", async () => {
  await using folder = await temporaryFolder()
  const path = folder.file("data.db")
  await using store = await SqliteStore.open({ path })
  fill(path)
  const page = { limit: 100, offset: 0 }
  const took = async (filter: object, total: number) => {
    const times: number[] = []
    for (let round = 0; round < 5; round++) {
      const began = performance.now()
      expect((await store.trail.events({ ...page, ...filter })).total).toBe(total)
      times.push(performance.now() - began)
    }
    return Math.min(...times)
  }
  const trail = await took({ outcome: "success" }, EVENTS * 0.9)
  const denials = await took({ outcome: "denied" }, EVENTS / 10)
  expect(denials).toBeLessThan(trail / 3)
  expect(await took({ outcome: "denied", agentId: "admin" }, EVENTS / 30_000)).toBeLessThan(denials / 2)
})
