import type { EventQuery } from "@agentwrit/authority/ports"
import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { countEvents, selectEvents } from "../src/event-query.ts"
import { migrate } from "../src/migrate.ts"

/** How SQLite finds the matches of each filter: by the index that leaves the fewest rows to read. */
const PLANS: readonly (readonly [filters: Partial<EventQuery>, index: string])[] = [
  [{ outcome: "denied" }, "events_denied"],
  [{ outcome: "denied", agentId: "admin" }, "events_by_agent_id"],
  [{ outcome: "denied", taskId: "t-1" }, "events_by_task_id"],
  [{ outcome: "denied", eventType: "token_issued" }, "events_by_type"],
  [{ agentId: "admin", after: 7 }, "events_by_agent_id"],
  [{ eventType: "token_issued" }, "events_by_type"],
  [{ since: 1, until: 2 }, "events_by_timestamp"],
]

test.each(PLANS)("a page and a count of %o use the index %s", (filters, index) => {
  const database = new Sqlite(":memory:")
  migrate(database, "memory")
  const query = { limit: 100, offset: 0, ...filters }
  for (const { text, values } of [selectEvents(query), countEvents(query)]) {
    const plan = database.prepare(`explain query plan ${text}`).all(...values) as { detail: string }[]
    expect(plan.map(({ detail }) => detail).join("\n")).toContain(`${index} (`)
  }
})

test("a page without filters starts at its first event, wherever it is in the trail", () => {
  const { text, values } = selectEvents({ limit: 100, offset: 1_000_000, after: 5 })
  expect([text, values]).toEqual(["select * from events where seq > ? order by seq limit ?", [1_000_005, 100]])
})
