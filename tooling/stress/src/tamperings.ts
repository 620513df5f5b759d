import type Sqlite from "better-sqlite3"
import { rewriteTrail } from "./rewritten-trail.ts"

/** One change of the trail on disk. */
export interface Tampering {
  readonly name: string
  change(database: Sqlite.Database): void
  /** What the broker's log says of it. `end`: the event that the newest checkpoint ends with. */
  told(end: number): string
  /** The event at which an auditor's verification breaks off. */
  at(end: number): number
}

const COLUMNS = (
  "timestamp, event_type, agent_id, task_id, orch_id, detail, resource, outcome, deleg_depth, deleg_chain_hash, " +
  "bytes_transferred, hash, prev_hash"
).trim()

const brokenAt = (event: number): string => `audit trail broken at event ${event}:`

const sql =
  (text: string) =>
  (database: Sqlite.Database): void =>
    void database.exec(text)

/** The broker verifies from the first event on when the end fits the checkpoint; otherwise it names the end. */
const inside = (name: string, text: string, at: number): Tampering => ({
  name,
  change: sql(text),
  told: () => brokenAt(at),
  at: () => at,
})

const moved = (name: string, text: string, at: number): Tampering => ({
  ...inside(name, text, at),
  told: brokenAt,
})

/** What someone with the file in hand may do to the trail below the newest checkpoint. */
export const TAMPERINGS: readonly Tampering[] = [
  inside("edited", "UPDATE events SET detail = detail || '.' WHERE seq = 3", 3),
  inside("deleted", "DELETE FROM events WHERE seq = 3", 3),
  moved(
    "deleted and closed up",
    "DELETE FROM events WHERE seq = 3; UPDATE events SET seq = -(seq - 1) WHERE seq > 3; UPDATE events SET seq = -seq WHERE seq < 0",
    3,
  ),
  inside(
    "reordered",
    "UPDATE events SET seq = -7 + seq WHERE seq IN (3, 4); UPDATE events SET seq = -seq WHERE seq < 0",
    3,
  ),
  moved(
    "inserted",
    `UPDATE events SET seq = -(seq + 1) WHERE seq > 3; UPDATE events SET seq = -seq WHERE seq < 0; INSERT INTO events (seq, ${COLUMNS}) SELECT 4, ${COLUMNS} FROM events WHERE seq = 2`,
    4,
  ),
  // What holds together by itself is found by what was signed, which only speaks of the whole.
  {
    name: "rewritten with new hashes",
    change: (database) => rewriteTrail(database, ["head_hash"]),
    told: brokenAt,
    at: (end) => end,
  },
  {
    name: "rewritten with new hashes and another tree",
    change: (database) => rewriteTrail(database, ["head_hash", "edge"]),
    told: (end) => `the tree kept with the checkpoint of ${end} events is not the one that was signed`,
    at: (end) => end,
  },
]
