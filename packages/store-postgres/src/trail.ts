import type { Trail } from "@agentwrit/authority/ports"
import type { Database } from "./database.ts"
import type { GroupCommit } from "./group-commit.ts"
import { sql } from "./sql.ts"
import { type CheckpointRow, countEvents, newestCheckpoint, selectEvents, toCheckpoint } from "./trail-rows.ts"
import { verifyTrail } from "./verification.ts"

export function postgresTrail(database: Database, commits: GroupCommit): Trail {
  return {
    async size() {
      const head = await database.get(sql<{ size: number }>`select size from head`)
      return head?.size ?? 0
    },

    async events(query) {
      const [rows, count] = await Promise.all([database.all(selectEvents(query)), database.get(countEvents(query))])
      return { events: rows.map(({ event }) => event), total: count?.total ?? 0 }
    },

    async recordsRights() {
      // From the end: once one event records rights, most of the later ones do.
      const found = await database.get(sql`select 1 from events where gives_rights order by seq desc limit 1`)
      return found !== undefined
    },

    // The tables have no seal here, so each start verifies.
    openSeal: async () => false,
    tablesMatch: async () => false,
    acceptTables: async () => undefined,

    async seal(sign) {
      const { result } = await commits.run((end) => {
        const { sequence: size, edge, prevHash, sealed } = end
        if (sealed === size && size > 0)
          return {
            end,
            steps: [{ query: newestCheckpoint }],
            events: [],
            result: ([rows = []]) => rows[0] as CheckpointRow,
          }
        const root = edge.root()
        const row = { size, root, note: sign({ size, root }), edge: edge.toBytes(), head_hash: prevHash }
        const query = sql`
          insert into checkpoints (size, root, note, edge, head_hash)
          values (${size}, ${root}, ${row.note}, ${row.edge}, ${Buffer.from(prevHash, "hex")})
          on conflict (size) do update set note = checkpoints.note returning *`
        return {
          end: { ...end, sealed: size },
          steps: [{ query }],
          events: [],
          result: ([rows = []]) => rows[0] as CheckpointRow,
        }
      })
      return toCheckpoint(result)
    },

    async checkpoint(size) {
      const ofSize = sql<CheckpointRow>`select * from checkpoints where size = ${size ?? 0}`
      const row = await database.get(size === undefined ? newestCheckpoint : ofSize)
      return row && toCheckpoint(row)
    },

    async forgetCheckpoints(size) {
      await database.run(sql`delete from checkpoints where size < ${size}`)
    },

    verify: (signal, { atOnce = false, recordsKey } = {}) => verifyTrail(database, signal, { atOnce, recordsKey }),
  }
}
