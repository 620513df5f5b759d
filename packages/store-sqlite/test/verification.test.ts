import { readFileSync, writeFileSync } from "node:fs"
import type { EventDraft } from "@agentwrit/audit"
import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { SqliteStore } from "../src/index.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const event: EventDraft = { event_type: "admin_auth", detail: "admin signed in", outcome: "success" }
const MARKED = "the detail whose row is damaged"

test("a flipped byte that makes an event unreadable for SQLite breaks the trail", async () => {
  await using folder = await temporaryFolder()
  const path = folder.file("data.db")
  const before = await SqliteStore.open({ path })
  await before.commit({ writes: [], events: [event, { ...event, detail: MARKED }, event] })
  await before.trail.seal(() => "a note")
  await before.housekeeping.close()

  const bytes = readFileSync(path)
  // The row's header, which holds the types of its columns, is right before its first text column.
  const header = bytes.indexOf(`admin_auth${MARKED}`) - 20
  const flipped = Array.from({ length: 20 }, (_, at) => header + at).find((at) => isUnreadable(path, bytes, at))
  expect(flipped).toBeDefined()

  await using store = await SqliteStore.open({ path })
  const { signal } = new AbortController()
  expect(await store.trail.verify(signal, { atOnce: true })).toMatch(/^the audit trail cannot be read to its end: /)
})

/**
 * Flips bits of one byte in the file, and keeps the change when SQLite then fails to read event 2 and can still read
 * event 3.
 */
function isUnreadable(path: string, bytes: Buffer, at: number): boolean {
  for (const mask of [0xff, 0x80, 0x7f]) {
    const changed = Buffer.from(bytes)
    changed[at] = (bytes[at] ?? 0) ^ mask
    writeFileSync(path, changed)
    const database = new Sqlite(path, { readonly: true })
    try {
      database.prepare("select * from events where seq = 3").get()
      try {
        database.prepare("select * from events where seq = 2").get()
      } catch (error) {
        if (error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_CORRUPT")) return true
      }
    } catch {
      // The file is damaged beyond one event.
    } finally {
      database.close()
    }
  }
  writeFileSync(path, bytes)
  return false
}
