import { execFileSync } from "node:child_process"
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import type { EventDraft } from "@agentwrit/audit"
import type BetterSqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { backUpDatabase, SqliteStore } from "../src/index.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite

const event: EventDraft = { event_type: "admin_auth", detail: "admin signed in ".repeat(40), outcome: "success" }

const commit = (store: SqliteStore, events = 1) =>
  store.commit({ writes: [], events: Array.from({ length: events }, () => event) })

/** Changes a database that no store has open. */
function change(path: string, sql: string): void {
  const database = new Sqlite(path)
  database.exec(sql)
  database.close()
}

test("a backup is one private file that a broker can start on, and its newest checkpoint is reported", async () => {
  await using folder = await temporaryFolder()
  const [from, to] = [folder.file("data.db"), folder.file("backup.db")]
  await using store = await SqliteStore.open({ path: from })
  await commit(store, 3)
  const sealed = await store.trail.seal(() => "a note")
  await commit(store)
  const backup = await backUpDatabase({ from, to })
  expect(backup).toEqual({ path: to, bytes: statSync(to).size, events: 4, checkpoint: sealed })
  expect(statSync(to).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder.file("."), {}).filter((name) => String(name).includes("backup"))).toEqual(["backup.db"])
  await using copied = await SqliteStore.open({ path: to })
  expect(copied.housekeeping.health()).toMatchObject({ trailSize: 4 })
  expect((await copied.trail.events({ limit: 10, offset: 0 })).events).toEqual(
    (await store.trail.events({ limit: 10, offset: 0 })).events,
  )
})

test("a database that is written to meanwhile is copied as it was at one instant", async () => {
  await using folder = await temporaryFolder()
  const from = folder.file("data.db")
  await using store = await SqliteStore.open({ path: from })
  // Large enough for many steps of the copy.
  for (let round = 0; round < 40; round++) await commit(store, 100)
  const before = store.housekeeping.health().trailSize
  let writing = true
  const writer = (async () => {
    while (writing) await commit(store, 5)
  })()
  const backup = await backUpDatabase({ from, to: folder.file("backup.db") })
  const after = store.housekeeping.health().trailSize
  writing = false
  await writer
  expect(after).toBeGreaterThan(before)
  expect(backup.events).toBeGreaterThanOrEqual(before)
  expect(backup.events).toBeLessThan(after)
})

test("an existing file is never replaced", async () => {
  await using folder = await temporaryFolder()
  const [from, to] = [folder.file("data.db"), folder.file("backup.db")]
  await using store = await SqliteStore.open({ path: from })
  await commit(store)
  writeFileSync(to, "precious")
  await expect(backUpDatabase({ from, to })).rejects.toMatchObject({ code: "backup_exists" })
  expect(readFileSync(to, "utf8")).toBe("precious")
})

test.each<[string, (from: string) => void, string]>([
  ["does not exist", (from) => rmSync(from), "source_unreadable"],
  ["is not a database", (from) => writeFileSync(from, "no database ".repeat(500)), "source_unreadable"],
  ["is an incomplete copy", (from) => truncateSync(from, Math.floor(statSync(from).size / 2)), "source_unreadable"],
  ["was edited", (from) => change(from, "UPDATE events SET detail = 'nothing' WHERE seq = 20"), "backup_damaged"],
  ["lost an event", (from) => change(from, "DELETE FROM events WHERE seq = 20"), "backup_damaged"],
  [
    "does not match its checkpoint",
    (from) => change(from, "UPDATE checkpoints SET root = zeroblob(32)"),
    "backup_damaged",
  ],
  [
    "is of a newer version",
    (from) => change(from, "INSERT INTO kysely_migration VALUES ('9999-x', '2099')"),
    "backup_damaged",
  ],
  ["belongs to another program", (from) => change(from, "PRAGMA application_id = 7"), "source_unreadable"],
])("a database that %s is not backed up, and no file remains", async (_, damage, code) => {
  await using folder = await temporaryFolder()
  const from = folder.file("data.db")
  const store = await SqliteStore.open({ path: from })
  await commit(store, 50)
  await store.trail.seal(() => "a note")
  await store.housekeeping.close()
  damage(from)
  const before = readdirSync(folder.file("."))
  await expect(backUpDatabase({ from, to: folder.file("backup.db") })).rejects.toMatchObject({
    name: "BackupError",
    code,
  })
  expect(readdirSync(folder.file(".")).filter((name) => name.includes("backup"))).toEqual([])
  expect(before).not.toContain("backup.db")
})

test("a folder that does not exist is reported", async () => {
  await using folder = await temporaryFolder()
  const from = folder.file("data.db")
  await (await SqliteStore.open({ path: from })).housekeeping.close()
  await expect(backUpDatabase({ from, to: folder.file("absent/backup.db") })).rejects.toMatchObject({
    code: "backup_unwritable",
  })
})

test("a backup that is interrupted by kill -9 does not have its name", async () => {
  await using folder = await temporaryFolder()
  const [from, to] = [folder.file("data.db"), folder.file("backup.db")]
  const store = await SqliteStore.open({ path: from })
  for (let round = 0; round < 20; round++) await commit(store, 100)
  await store.housekeeping.close()
  const source = new URL("../src/index.ts", import.meta.url).href
  const code = `
    import { backUpDatabase } from ${JSON.stringify(source)}
    void backUpDatabase(${JSON.stringify({ from, to })})
    // The copy is made in steps; this comes between two of them.
    setImmediate(() => setImmediate(() => process.kill(process.pid, "SIGKILL")))`
  expect(() =>
    execFileSync(process.execPath, ["--conditions=@agentwrit/source", "--input-type=module", "-e", code], {
      stdio: "ignore",
    }),
  ).toThrow()
  const names = readdirSync(folder.file("."))
  expect(names).not.toContain("backup.db")
  // The temporary file shows that the copy had begun. It does not disturb the next backup.
  expect(names.some((name) => name.startsWith(".backup.db."))).toBe(true)
  expect((await backUpDatabase({ from, to })).events).toBe(2000)
})

test("an incomplete copy in place of the database is refused, and the message says what to do", async () => {
  await using folder = await temporaryFolder()
  const [from, to] = [folder.file("data.db"), folder.file("backup.db")]
  const store = await SqliteStore.open({ path: from })
  await commit(store, 500)
  await store.housekeeping.close()
  for (const part of [0.3, 0.6, 0.9]) {
    copyFileSync(from, to)
    truncateSync(to, Math.floor(statSync(from).size * part))
    await expect(SqliteStore.open({ path: to })).rejects.toMatchObject({
      name: "DatabaseError",
      code: "database_damaged",
      message: expect.stringContaining("restore the latest backup"),
    })
  }
})

test("a database at rest is not changed, and one behind a symbolic link is copied with its log", async () => {
  await using folder = await temporaryFolder()
  const [from, link] = [folder.file("data.db"), folder.file("link/data.db")]
  const store = await SqliteStore.open({ path: from })
  await commit(store, 3)
  mkdirSync(folder.file("link"))
  symlinkSync(from, link)
  expect((await backUpDatabase({ from: link, to: folder.file("used.db") })).events).toBe(3)
  await store.housekeeping.close()
  const names = readdirSync(folder.file("."))
  expect((await backUpDatabase({ from, to: folder.file("rest.db") })).events).toBe(3)
  expect(readdirSync(folder.file(".")).sort()).toEqual([...names, "rest.db"].sort())
})

test("a signal aborts the backup, and progress is reported", async () => {
  await using folder = await temporaryFolder()
  const [from, to] = [folder.file("data.db"), folder.file("backup.db")]
  await using store = await SqliteStore.open({ path: from })
  for (let round = 0; round < 40; round++) await commit(store, 100)
  const controller = new AbortController()
  const steps: string[] = []
  const onProgress = (step: string, done: number, total: number): void => {
    steps.push(`${step} ${done === total ? "all" : "some"}`)
    if (step === "events verified") controller.abort()
  }
  await expect(backUpDatabase({ from, to, onProgress, signal: controller.signal })).rejects.toMatchObject({
    code: "backup_aborted",
  })
  expect(steps.at(-1)).toBe("events verified some")
  expect(readdirSync(folder.file(".")).filter((name) => name.includes("backup"))).toEqual([])
})
