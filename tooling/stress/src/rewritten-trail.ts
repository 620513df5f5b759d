import { type AuditEvent, type ChainedEvent, chainEvent, GENESIS_HASH, RightEdge } from "@agentwrit/audit"
import type Sqlite from "better-sqlite3"

/** What the database keeps of a checkpoint beside the signed note, and can be made to fit other events. */
export type KeptOfCheckpoint = "head_hash" | "edge" | "root"

interface Row {
  readonly seq: number
  readonly timestamp: number
  readonly hash: Buffer
  readonly prev_hash: Buffer
}

/**
 * Edits event 3 as whoever holds the file would: every later event is hashed anew, and of each checkpoint so much is made to fit
 * as is named, so that the chain holds together by itself. Only what was signed cannot be made to fit.
 */
export function rewriteTrail(database: Sqlite.Database, fit: readonly KeptOfCheckpoint[]): void {
  database.exec("UPDATE events SET detail = detail || '.' WHERE seq = 3")
  const rows = database.prepare<[], Row>("SELECT * FROM events ORDER BY seq").all()
  const setEvent = database.prepare("UPDATE events SET hash = ?, prev_hash = ? WHERE seq = ?")
  const columns = fit.map((column) => `${column} = @${column}`).join(", ")
  const setCheckpoint = database.prepare(`UPDATE checkpoints SET ${columns} WHERE size = @size`)
  const edge = new RightEdge()
  let prevHash = GENESIS_HASH
  for (const row of rows) {
    const { event, leafHash } = chained(row, prevHash)
    setEvent.run(Buffer.from(event.hash, "hex"), Buffer.from(prevHash, "hex"), row.seq)
    edge.append(leafHash)
    prevHash = event.hash
    const kept = {
      head_hash: Buffer.from(prevHash, "hex"),
      edge: Buffer.from(edge.toBytes()),
      root: Buffer.from(edge.root()),
    }
    setCheckpoint.run({ ...Object.fromEntries(fit.map((column) => [column, kept[column]])), size: row.seq })
  }
}

function chained({ seq, timestamp, hash: _, prev_hash: __, ...members }: Row, prevHash: string): ChainedEvent {
  const draft = Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== null),
  ) as unknown as AuditEvent
  return chainEvent(draft, { sequence: seq, timestamp: new Date(timestamp).toISOString(), prevHash })
}
