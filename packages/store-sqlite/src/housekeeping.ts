import type { Housekeeping } from "@agentwrit/authority/ports"
import type { Reader } from "./reader.ts"
import type { Writer } from "./writer.ts"

export function sqliteHousekeeping(readers: readonly Reader[], writer: Writer): Housekeeping {
  return {
    prune: (what, before, limit) => writer.send({ name: "prune", input: { what, before, limit } }),

    // One broker has the file, so it holds every lease.
    withLease: (_name, work) => work(),

    health() {
      const { problem, verified } = writer.found
      return {
        writable: writer.fault === undefined,
        trailSize: writer.trailSize,
        trailVerified: verified,
        ...(problem !== undefined && { trailProblem: problem }),
      }
    },

    async close() {
      // The last connection to close folds the WAL into the file, which a read-only one cannot do.
      await Promise.all(readers.map((reader) => reader.close()))
      await writer.close()
    },
  }
}
