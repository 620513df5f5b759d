import { execFileSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { EventDraft } from "@agentwrit/audit"
import type { Write } from "@agentwrit/authority/ports"
import type BetterSqlite from "better-sqlite3"
import { describe, expect, test } from "vitest"
import { backUpDatabase, SqliteStore } from "../src/index.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const Sqlite = createRequire(import.meta.url)("better-sqlite3") as typeof BetterSqlite

const event: EventDraft = { event_type: "admin_auth", detail: "admin signed in", outcome: "success" }

async function refusal(path: string): Promise<{ code: string; message: string }> {
  const error = await SqliteStore.open({ path }).catch((error: unknown) => error)
  expect(error).toMatchObject({ name: "DatabaseError", code: expect.any(String) })
  const { code, message } = error as { code: string; message: string }
  return { code, message }
}

describe("the database file", () => {
  test("and its companion files are readable only by their owner", async () => {
    await using folder = await temporaryFolder()
    await using store = await SqliteStore.open({ path: folder.file("data.db") })
    await store.commit({ writes: [], events: [event] })
    const names = readdirSync(folder.file("."))
    expect(names).toEqual(expect.arrayContaining(["data.db", "data.db-wal"]))
    for (const name of names) expect([name, statSync(folder.file(name)).mode & 0o077]).toEqual([name, 0])
  })

  test("keeps a small WAL again after a reader that stayed long", async () => {
    await using folder = await temporaryFolder()
    await using store = await SqliteStore.open({ path: folder.file("data.db") })
    const walBytes = () => statSync(folder.file("data.db-wal")).size
    const reader = new Sqlite(folder.file("data.db"), { readonly: true })
    reader.exec("BEGIN; SELECT count(*) FROM events")
    reader.prepare("SELECT count(*) FROM events").get()
    const long = { ...event, detail: "x".repeat(1000) }
    while (walBytes() < 20 * 1024 * 1024) await store.commit({ writes: [], events: Array(1000).fill(long) })
    reader.exec("COMMIT")
    reader.close()
    // The first commit moves the content into the database, the second begins the WAL anew.
    for (const _ of [1, 2]) await store.commit({ writes: [], events: [event] })
    expect(walBytes()).toBeLessThanOrEqual(16 * 1024 * 1024)
  })

  test("restored beside the WAL of the database before it is refused, and the message names the WAL", async () => {
    await using folder = await temporaryFolder()
    const [path, copy] = [folder.file("data.db"), folder.file("copy.db")]
    {
      await using store = await SqliteStore.open({ path })
      await store.commit({ writes: [], events: [event] })
      await backUpDatabase({ from: path, to: copy })
      copyFileSync(`${path}-wal`, `${copy}-wal`)
    }
    expect(await refusal(copy)).toEqual({
      code: "database_changed",
      message: expect.stringContaining("copy.db-wal beside it is of the database before it: move both away"),
    })
    rmSync(`${copy}-wal`)
    await using store = await SqliteStore.open({ path: copy })
    expect(store.housekeeping.health().trailSize).toBe(1)
  })

  test("in a folder that does not exist is refused", async () => {
    await using folder = await temporaryFolder()
    expect(await refusal(folder.file("absent/data.db"))).toMatchObject({
      code: "database_unreadable",
      message: expect.stringContaining("folder must exist"),
    })
  })

  test("that is not a database is refused and not changed", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    writeFileSync(path, "no database, but a long enough text to be mistaken for one".repeat(40))
    const before = statSync(path)
    expect(await refusal(path)).toMatchObject({ code: "database_not_ours" })
    expect(statSync(path).size).toBe(before.size)
  })

  test("of another program is refused", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    using other = disposable(new Sqlite(path))
    other.database.exec("CREATE TABLE songs (title TEXT)")
    expect(await refusal(path)).toMatchObject({
      code: "database_not_ours",
      message: expect.stringContaining("AA_DB_PATH"),
    })
  })

  test("that a newer version wrote is refused", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    await (await SqliteStore.open({ path })).housekeeping.close()
    using newer = disposable(new Sqlite(path))
    newer.database.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2099')")
    expect(await refusal(path)).toMatchObject({
      code: "database_newer",
      message: expect.stringContaining("9999-future"),
    })
  })

  test("keeps nothing of a migration that failed, and is brought up to date later", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    using before = disposable(new Sqlite(path))
    // The migration fails at the table that exists already.
    before.database.exec(
      "CREATE TABLE kysely_migration (name TEXT PRIMARY KEY, timestamp TEXT); CREATE TABLE agents (x)",
    )
    expect(await refusal(path)).toMatchObject({ code: "database_unreadable" })
    expect(before.database.prepare("SELECT name FROM sqlite_master WHERE name = 'events'").all()).toEqual([])
    before.database.exec("DROP TABLE agents")
    await (await SqliteStore.open({ path })).housekeeping.close()
  })

  test("that another broker has open is refused until that broker closes it", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    const first = await SqliteStore.open({ path })
    expect(await refusal(path)).toMatchObject({ code: "database_in_use" })
    await first.housekeeping.close()
    await (await SqliteStore.open({ path })).housekeeping.close()
  })

  test("that another process locks answers busy, and commits again after the lock", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    await using store = await SqliteStore.open({ path })
    using holder = disposable(new Sqlite(path))
    holder.database.exec("BEGIN IMMEDIATE")
    await expect(store.commit({ writes: [], events: [event] })).rejects.toMatchObject({ code: "busy" })
    expect(store.housekeeping.health()).toMatchObject({ writable: false, trailSize: 0 })
    holder.database.exec("ROLLBACK")
    await store.commit({ writes: [], events: [event] })
    expect(store.housekeeping.health()).toEqual({ writable: true, trailSize: 1, trailVerified: true })
  })

  const small = smallFileSystem()
  test.skipIf(small === undefined)("on a full disk refuses changes, and keeps nothing of them", async () => {
    using disk = small?.() ?? undefined
    const path = join(disk?.path ?? "", "data.db")
    const ballast = join(disk?.path ?? "", "ballast")
    await using store = await SqliteStore.open({ path })
    await store.commit({ writes: [], events: [event] })
    const { bavail, bsize } = statfsSync(disk?.path ?? "")
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 64 * 1024)))
    const large = { ...event, detail: "x".repeat(200_000) }
    await expect(store.commit({ writes: [], events: [large] })).rejects.toMatchObject({ code: "full" })
    expect(store.housekeeping.health()).toMatchObject({ writable: false, trailSize: 1 })
    rmSync(ballast)
    await expect.poll(() => store.housekeeping.health().writable).toBe(true)
    const { events } = await store.commit({ writes: [], events: [event] })
    expect(events[0]?.id).toBe("evt-000002")
  })

  test.skipIf(small === undefined).each([
    ["an empty WAL", 0],
    // Just below the thousand pages at which SQLite checkpoints it into the file, which then grows by nearly as much.
    ["a full WAL", 900 * 4096],
  ])(
    "on a full disk with %s commits revocations in the reserved space, and reserves it again later",
    async (_, walBytes) => {
      using disk = small?.() ?? undefined
      const path = join(disk?.path ?? "", "data.db")
      const told: string[] = []
      const hooks = { onStalled: () => told.push("stalled"), onRecovered: () => told.push("recovered") }
      await using store = await SqliteStore.open({ path, ...hooks })
      const large = { ...event, detail: "x".repeat(200_000) }
      while (statSync(`${path}-wal`).size < walBytes) await store.commit({ writes: [], events: [large] })
      const filler = join(disk?.path ?? "", "filler")
      const { bavail, bsize } = statfsSync(disk?.path ?? "")
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 32 * 1024)))
      await expect(store.commit({ writes: [], events: [large] })).rejects.toMatchObject({ code: "full" })
      for (let number = 0; number < 2000; number++)
        await store.commit({ writes: [revocationOf(number)], events: [event] })
      // Such as the sign-in of an operator who is about to revoke.
      await store.commit({ writes: [], events: [event], urgent: true })
      expect(existsSync(`${path}-ballast`)).toBe(false)
      await expect(store.commit({ writes: [], events: [event] })).rejects.toMatchObject({ code: "full" })
      expect(store.housekeeping.health().writable).toBe(false)
      rmSync(filler)
      await expect.poll(() => store.housekeeping.health().writable).toBe(true)
      expect(statSync(`${path}-ballast`).size).toBe(4 * 1024 * 1024)
      await store.commit({ writes: [], events: [event] })
      expect(await store.revocations.count()).toBe(2000)
      // It may have recovered in between, before the revocations filled the space.
      expect(told.slice(-2)).toEqual(["stalled", "recovered"])
    },
  )

  test.skipIf(small === undefined).each([
    ["a crash", true],
    ["a stop", false],
  ])("that is opened on a full disk after %s commits only revocations until there is space", async (_, hasWal) => {
    using disk = small?.() ?? undefined
    const path = join(disk?.path ?? "", "data.db")
    const before = await SqliteStore.open({ path })
    // Another connection keeps the WAL, as after a crash.
    using holder = hasWal ? disposable(new Sqlite(path)) : undefined
    holder?.database.pragma("user_version")
    await before.housekeeping.close()
    const filler = join(disk?.path ?? "", "filler")
    const { bavail, bsize } = statfsSync(disk?.path ?? "")
    writeFileSync(filler, Buffer.alloc(bavail * bsize))
    const told: string[] = []
    const hooks = { onStalled: () => told.push("stalled"), onRecovered: () => told.push("recovered") }
    await using store = await SqliteStore.open({ path, ...hooks })
    expect(store.housekeeping.health().writable).toBe(false)
    await expect(store.commit({ writes: [], events: [event] })).rejects.toMatchObject({ code: "full" })
    await store.commit({ writes: [revocationOf(1)], events: [event] })
    await expect(store.commit({ writes: [], events: [event] })).rejects.toMatchObject({ code: "full" })
    rmSync(filler)
    await expect.poll(() => store.housekeeping.health().writable).toBe(true)
    await store.commit({ writes: [], events: [event] })
    expect(told).toEqual(["stalled", "recovered"])
  })

  test.each(["", "-wal"])("takes no commit after its file%s was deleted", async (suffix) => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    const failures: unknown[] = []
    await using store = await SqliteStore.open({ path, onFailure: (cause) => failures.push(cause) })
    await store.commit({ writes: [], events: [event] })
    rmSync(path + suffix)
    await expect(store.commit({ writes: [], events: [event] })).rejects.toMatchObject({ code: "failed" })
    expect(String(failures)).toContain(`${path}${suffix} was deleted, moved or replaced`)
  })

  test("with damaged pages is refused, and the message says what to do", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    await (await SqliteStore.open({ path })).housekeeping.close()
    const bytes = readFileSync(path)
    // Everything except the header and the schema, so that the damage shows only when a record is read.
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 8192), Buffer.alloc(bytes.length - 8192, 0xa5)]))
    expect(await refusal(path)).toMatchObject({ code: "database_damaged", message: expect.stringContaining("backup") })
  })
})

const revocationOf = (number: number): Write => ({
  type: "revoke",
  revocation: { level: "task", target: `t-${number}`, revokedAt: 0, expiresAt: null, pruneAfter: null },
})

describe("a trail that was changed in the file", () => {
  const cases: [what: string, position: number, sql: string][] = [
    ["an edited event", 2, "UPDATE events SET detail = 'nothing to see' WHERE seq = 2"],
    ["a deleted event", 2, "DELETE FROM events WHERE seq = 2"],
    [
      "two exchanged events",
      2,
      "UPDATE events SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 END WHERE seq IN (2, 3); UPDATE events SET seq = -seq WHERE seq < 0",
    ],
    [
      "an inserted event",
      5,
      "INSERT INTO events SELECT 5, timestamp, event_type, agent_id, task_id, orch_id, detail, resource, outcome, deleg_depth, deleg_chain_hash, bytes_transferred, hash, prev_hash, actor, source, request_id, data FROM events WHERE seq = 2",
    ],
  ]
  test.each(cases)("is found broken at the next start: %s", async (_, position, sql) => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    const first = await SqliteStore.open({ path })
    await first.commit({ writes: [], events: [event, event, event, event] })
    await first.housekeeping.close()
    using editor = disposable(new Sqlite(path))
    editor.database.exec(sql)
    await using store = await SqliteStore.open({ path })
    expect(store.housekeeping.health().trailProblem).toContain(`broken at event ${position}:`)
  })
})

/** A file system of 12 MiB, where this user may mount one; otherwise prints why the tests do not run. */
function smallFileSystem(): (() => Disposable & { path: string }) | undefined {
  const make = () => {
    const path = mkdtempSync(join(tmpdir(), "agentwrit-small-"))
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=12m", "tmpfs", path], { stdio: "ignore" })
    return {
      path,
      [Symbol.dispose]() {
        execFileSync("umount", ["--lazy", path])
        rmSync(path, { recursive: true, force: true })
      },
    }
  }
  try {
    make()[Symbol.dispose]()
    return make
  } catch {
    console.log("not run: the tests of a full disk, because this user may not mount a small file system")
    return undefined
  }
}

function disposable(database: BetterSqlite.Database): Disposable & { database: BetterSqlite.Database } {
  return { database, [Symbol.dispose]: () => database.close() }
}
