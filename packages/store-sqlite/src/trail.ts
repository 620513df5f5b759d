import type { Trail } from "@agentwrit/authority/ports"
import { countEvents, selectEvents } from "./event-query.ts"
import type { Reader } from "./reader.ts"
import { sql } from "./sql.ts"
import type { ScanTask } from "./table-scan-worker.ts"
import { type CheckpointRow, newestCheckpoint, toCheckpoint, toEvent } from "./trail-rows.ts"
import type { VerificationTask, VerificationVerdict } from "./trail-verification-worker.ts"
import { runWorker } from "./worker-thread.ts"
import type { Writer } from "./writer.ts"

/** The share of one core that a background verification may use. */
const BACKGROUND_SHARE = 0.15

export function sqliteTrail(path: string, reader: Reader, writer: Writer): Trail {
  return {
    size: async () => writer.trailSize,

    async events(query) {
      const [rows, counts] = await Promise.all([reader.query(selectEvents(query)), reader.query(countEvents(query))])
      return { events: rows.map(toEvent), total: counts[0]?.total ?? 0 }
    },

    async recordsRights() {
      // From the end: once one event records rights, most of the later ones do.
      const found = await reader.query(sql`select 1 from events where data is not null order by seq desc limit 1`)
      return found.length > 0
    },

    openSeal: (key) => writer.send({ name: "openSeal", input: { key } }),

    tablesMatch: (key, signal) => runWorker<boolean>("table-scan-worker", { path, key } satisfies ScanTask, signal),

    acceptTables: () => writer.send({ name: "acceptTables", input: undefined }),

    async seal(sign) {
      const head = await writer.send({ name: "readHead", input: undefined })
      if ("note" in head) return head
      const { size, root } = head
      return writer.send({ name: "storeCheckpoint", input: { ...head, note: sign({ size, root }) } })
    },

    async checkpoint(size) {
      const ofSize = sql<CheckpointRow>`select * from checkpoints where size = ${size ?? 0}`
      const row = reader.get(size === undefined ? newestCheckpoint : ofSize)
      return row && toCheckpoint(row)
    },

    forgetCheckpoints: (size) => writer.send({ name: "forgetCheckpoints", input: { size } }),

    async verify(signal, { atOnce = false, recordsKey } = {}) {
      const share = atOnce ? 1 : BACKGROUND_SHARE
      const task: VerificationTask = { path, share, ...(recordsKey && { recordsKey }) }
      return (await runWorker<VerificationVerdict>("trail-verification-worker", task, signal)).problem
    },
  }
}
