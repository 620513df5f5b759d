import { readFileSync, writeFileSync } from "node:fs"
import { revocation } from "@agentwrit/testing/fixtures"
import Sqlite from "better-sqlite3"
import { expect, test } from "vitest"
import { SqliteStore } from "../src/index.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const KEY = new Uint8Array(32).fill(7)
const { signal } = new AbortController()

/** A closed store with so many sealed revocations. */
async function sealed(path: string, count: number): Promise<void> {
  await using store = await SqliteStore.open({ path })
  expect(await store.trail.openSeal(KEY)).toBe(false)
  await store.trail.acceptTables()
  await store.commit({ writes: Array.from({ length: count }, revoke), events: [] })
}

const revoke = () => ({ type: "revoke", revocation: revocation() }) as const

test("a comparison sees the seal and the rows of one commit, while commits go on", async () => {
  await using folder = await temporaryFolder()
  const path = folder.file("data.db")
  await sealed(path, 20_000)
  await using store = await SqliteStore.open({ path })
  expect(await store.trail.openSeal(KEY)).toBe(true)
  let isComparing = true
  const matching = store.trail.tablesMatch(KEY, signal).finally(() => {
    isComparing = false
  })
  // The key ring is read last, the seal first.
  for (let revision = 1; isComparing; revision++) {
    const ring = { revision, keys: [], retired: [] }
    await store.commit({ writes: [revoke(), { type: "set_key_ring", ring }], events: [] })
  }
  expect(await matching).toBe(true)
})

test("a row that someone inserted is found after the store has deleted it too, until the rows are accepted", async () => {
  await using folder = await temporaryFolder()
  const path = folder.file("data.db")
  await sealed(path, 1)
  const database = new Sqlite(path)
  database.exec(`insert into revocations (level, target, digest, revoked_at, alone, expires_at, forget_at)
    values ('token', 'x', 'x', 0, 0, 1, 1)`)
  database.close()
  await using store = await SqliteStore.open({ path })
  expect(await store.trail.openSeal(KEY)).toBe(true)
  expect(await store.trail.tablesMatch(KEY, signal)).toBe(false)
  expect(await store.housekeeping.prune("revocations", 2, 10)).toBe(1)
  expect(await store.trail.tablesMatch(KEY, signal)).toBe(false)
  await store.trail.acceptTables()
  expect(await store.trail.tablesMatch(KEY, signal)).toBe(true)
})

test("a seal opens with its own key only", async () => {
  await using folder = await temporaryFolder()
  const path = folder.file("data.db")
  await sealed(path, 1)
  await using store = await SqliteStore.open({ path })
  expect(await store.trail.openSeal(new Uint8Array(32))).toBe(false)
})

test("a table that cannot be read does not match", async () => {
  await using folder = await temporaryFolder()
  const path = folder.file("data.db")
  await sealed(path, 1)
  const bytes = readFileSync(path)
  const database = new Sqlite(path, { readonly: true })
  const { rootpage } = database
    .prepare<[], { rootpage: number }>("select rootpage from sqlite_schema where name = 'revocations'")
    .get() ?? { rootpage: 0 }
  const pageSize = Number(database.pragma("page_size", { simple: true }))
  database.close()
  bytes.fill(0xff, (rootpage - 1) * pageSize, rootpage * pageSize)
  writeFileSync(path, bytes)
  await using store = await SqliteStore.open({ path })
  expect(await store.trail.openSeal(KEY)).toBe(true)
  expect(await store.trail.tablesMatch(KEY, signal)).toBe(false)
})

test("an aborted comparison ends, and the store closes", async () => {
  await using folder = await temporaryFolder()
  const path = folder.file("data.db")
  await sealed(path, 20_000)
  await using store = await SqliteStore.open({ path })
  await store.trail.openSeal(KEY)
  const aborting = new AbortController()
  const matching = store.trail.tablesMatch(KEY, aborting.signal)
  aborting.abort(new Error("the broker stops"))
  await expect(matching).rejects.toThrow("aborted")
})
