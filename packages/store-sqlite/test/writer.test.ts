import { execFile } from "node:child_process"
import { once } from "node:events"
import { promisify } from "node:util"
import type { Worker } from "node:worker_threads"
import type { EventDraft } from "@agentwrit/audit"
import { ConflictError, UnavailableError } from "@agentwrit/authority/ports"
import { describe, expect, test } from "vitest"
import { fromFailure, toFailure } from "../src/failure.ts"
import { DatabaseError, SqliteStore } from "../src/index.ts"
import { temporaryFolder } from "./temporary-folder.ts"

const event: EventDraft = { event_type: "admin_auth", detail: "admin signed in", outcome: "success" }

const revocation = { level: "task", target: "t-1", revokedAt: 0, expiresAt: null, pruneAfter: null } as const

describe("the writer's thread", () => {
  test.each([0, 1, 20, 500])("keeps the process alive until %i waiting commits are done", async (commits) => {
    await using folder = await temporaryFolder()
    const script = `
      const { SqliteStore } = await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)})
      const store = await SqliteStore.open({ path: ${JSON.stringify(folder.file("data.db"))} })
      const event = ${JSON.stringify(event)}
      const waiting = Array.from({ length: ${commits} }, () => store.commit({ writes: [], events: [event] }))
      await store.housekeeping.close()
      console.log("closed", (await Promise.all(waiting)).length)`
    const words = ["--conditions=@agentwrit/source", "--input-type=module", "--eval", script]
    const { stdout } = await promisify(execFile)(process.execPath, words)
    expect(stdout).toBe(`closed ${commits}\n`)
    await using store = await SqliteStore.open({ path: folder.file("data.db") })
    expect(store.housekeeping.health().trailSize).toBe(commits)
  })

  test("refuses changes when its queue is full, and keeps places for revocations", async () => {
    await using folder = await temporaryFolder()
    await using store = await SqliteStore.open({ path: folder.file("data.db") })
    const commit = () => store.commit({ writes: [], events: [event] })
    const waiting = Array.from({ length: 4096 }, commit)
    await expect(commit()).rejects.toMatchObject({ code: "queue_full" })
    await store.commit({ writes: [{ type: "revoke", revocation }], events: [event] })
    await Promise.all(waiting)
    expect(store.housekeeping.health().trailSize).toBe(4097)
  })

  test("seals each size once, even for two calls at the same time", async () => {
    await using folder = await temporaryFolder()
    await using store = await SqliteStore.open({ path: folder.file("data.db") })
    await store.commit({ writes: [], events: [event] })
    const sealing = [1, 2].map((number) => store.trail.seal(() => `note ${number}`))
    const [first, second] = await Promise.all(sealing)
    expect(second).toEqual(first)
    expect(await store.trail.checkpoint()).toMatchObject({ size: 1, note: first?.note })
  })

  test("finishes a seal that is signed while the store closes", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    const first = await SqliteStore.open({ path })
    await first.commit({ writes: [], events: [event] })
    let closing: Promise<void> | undefined
    const sealed = await first.trail.seal(() => {
      closing = first.housekeeping.close()
      return "a note"
    })
    await closing
    await using second = await SqliteStore.open({ path })
    expect(await second.trail.checkpoint()).toEqual(sealed)
  })

  test("refuses a seal whose turn comes after the close, and the next store seals", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    const first = await SqliteStore.open({ path })
    // So many that they are still being written when the store closes.
    const waiting = Array.from({ length: 4000 }, () => first.commit({ writes: [], events: [event] }))
    const sealing = first.trail.seal(() => "a note").catch((error: unknown) => error)
    await first.housekeeping.close()
    expect(await sealing).toMatchObject({ code: "closed" })
    await Promise.all(waiting)
    await using second = await SqliteStore.open({ path })
    expect(await second.trail.checkpoint()).toBeUndefined()
    expect(await second.trail.seal(() => "a note")).toMatchObject({ size: 4000, note: "a note" })
  })

  test("ends the store when it dies during commits: every commit is answered, and no acknowledged one is lost", async () => {
    await using folder = await temporaryFolder()
    const path = folder.file("data.db")
    const started = once(process, "worker") as Promise<[Worker]>
    const failures: unknown[] = []
    await using store = await SqliteStore.open({ path, onFailure: (cause) => failures.push(cause) })
    const [thread] = await started
    let acknowledged = 0
    const clients = Array.from({ length: 64 }, async () => {
      for (;;) {
        await store.commit({ writes: [], events: [event] })
        if (++acknowledged === 500) void thread.terminate()
      }
    })
    for (const end of await Promise.allSettled(clients)) expect(end).toMatchObject({ reason: { code: "failed" } })
    expect(failures.map(String)).toEqual(["Error: the writer has stopped"])
    expect(store.housekeeping.health().writable).toBe(false)
    await expect(store.commit({ writes: [], events: [event] })).rejects.toMatchObject({ code: "failed" })
    await store.housekeeping.close()
    await using next = await SqliteStore.open({ path })
    const { trailSize, trailProblem } = next.housekeeping.health()
    expect(trailProblem).toBeUndefined()
    expect(trailSize).toBeGreaterThanOrEqual(acknowledged)
    expect(trailSize).toBeLessThanOrEqual(acknowledged + 64)
  })
})

describe("an error that is sent between threads", () => {
  const coded = Object.assign(new Error("disk I/O error"), { name: "SqliteError", code: "SQLITE_IOERR_FSYNC" })
  test.each([
    new ConflictError("nonce_spent"),
    new UnavailableError("full", "no room"),
    new DatabaseError("database_newer", "start that version"),
    coded,
  ])("keeps its class, code and message: %s", (error) => {
    const arrived = fromFailure(structuredClone(toFailure(error)))
    expect(arrived).toBeInstanceOf(error.constructor)
    expect(arrived).toMatchObject({ name: error.name, message: error.message, code: error.code })
  })
})
