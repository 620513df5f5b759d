import { REVOCATION_ERA } from "@agentwrit/authority"
import { sql } from "kysely"
import { type Prepare, parameter } from "./statements.ts"

/** Prepares what begins an era of numbers of revocations: every entry, and the head, move on into it. */
export function preparedEra(prepare: Prepare): () => void {
  // SQLite's own table of the numbers that it has given; its row is missing until the first one.
  const head = sql`(select ifnull(max(seq), 0) from sqlite_sequence where name = 'revocations')`
  const readHead = prepare<object, { head: number }>((db) => ({
    compile: () => sql`select ${head} as head`.compile(db),
  }))
  const moveEntries = prepare<{ by: number }>((db) =>
    db.updateTable("revocations").set({ seq: sql<number>`seq + ${parameter("by")}` }),
  )
  const removeHead = prepare((db) => ({
    compile: () => sql`delete from sqlite_sequence where name = 'revocations'`.compile(db),
  }))
  const writeHead = prepare<{ head: number }>((db) => ({
    compile: () =>
      sql`insert into sqlite_sequence (name, seq) values ('revocations', ${parameter("head")})`.compile(db),
  }))
  return () => {
    const before = readHead.get({})?.head ?? 0
    const by = REVOCATION_ERA
    moveEntries.run({ by })
    removeHead.run({})
    writeHead.run({ head: before + by })
  }
}
