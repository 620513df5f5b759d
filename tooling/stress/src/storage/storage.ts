import { readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { brokerFolder } from "@agentwrit/testing/broker-process"
import Sqlite from "better-sqlite3"
import { noDisk, smallDisk } from "../disk.ts"
import { missing, notRoot, untraceable } from "../needs.ts"
import type { Scenario } from "../stage.ts"
import { StorageCase } from "./storage-case.ts"

/** One way in which storage fails. */
interface StorageFault {
  readonly name: string
  /** Why it cannot be tried here. */
  readonly lacking?: () => string | undefined
  /** Runs on a separate small file system. */
  readonly isSmall?: true
  /** Part of the short profile. */
  readonly isBrief?: true
  run(on: StorageCase): Promise<void>
}

const noSmallDisk = (): string | undefined => notRoot() ?? missing("mount") ?? noDisk(() => smallDisk(4))

const PAGE_BYTES = 4096

/** A full disk: issuance stops first, revocation last (CONTRACT 4). */
const FULL_DISKS: readonly StorageFault[] = [
  {
    name: "full disk",
    isBrief: true,
    isSmall: true,
    lacking: noSmallDisk,
    async run(on) {
      await on.begin(80)
      using filler = fillDisk(on.folder.path, 48 * 1024)
      await on.workUntilDegraded()
      await on.expectOnlyRevocations(100)
      filler[Symbol.dispose]()
      await on.expectRecovery()
      await on.work(40)
      await on.expectNothingLost()
    },
  },
]

/** System calls that fail while the broker serves. */
const SYSTEM_CALLS: readonly StorageFault[] = [
  ...(["fsync,fdatasync", "pwrite64"] as const).map(
    (calls): StorageFault => ({
      name: `I/O error of ${calls}`,
      ...(calls === "pwrite64" && { isBrief: true }),
      lacking: untraceable,
      async run(on) {
        await on.begin(60)
        {
          await using _fault = await on.inject(calls, "error=EIO")
          await on.work(16)
          await on.expectStalled()
          await on.expectEnd()
        }
        await on.start()
        await on.expectNothingLost()
      },
    }),
  ),
  {
    name: "locked database",
    isBrief: true,
    async run(on) {
      await on.begin(40)
      const holder = new Sqlite(on.database)
      holder.exec("BEGIN IMMEDIATE")
      await on.workUntilDegraded()
      await on.expectStalled()
      holder.exec("ROLLBACK")
      holder.close()
      await on.expectRecovery()
      await on.expectNothingLost()
    },
  },
]

/** Files that are torn, missing or changed. */
const DAMAGED_FILES: readonly StorageFault[] = [
  {
    name: "torn WAL",
    isBrief: true,
    async run(on) {
      await on.begin(60)
      await on.broker.end("SIGKILL")
      const wal = `${on.database}-wal`
      const frame = readFileSync(wal).subarray(32, 32 + 24 + PAGE_BYTES)
      writeFileSync(wal, frame.subarray(0, on.random.integer(1, frame.length - 1)), { flag: "a" })
      await on.start()
      await on.expectNothingLost()
    },
  },
  {
    name: "database deleted while the broker serves",
    isBrief: true,
    async run(on) {
      await on.begin(40)
      await on.load.checkpoint()
      rmSync(on.database)
      await on.work(8)
      await on.expectStalled()
      await on.expectEnd()
      await on.expectLogged(/deleted, moved or replaced/)
      await on.expectRefusedStart(/put back to an older copy or changed/)
    },
  },
  ...[1, 2, 3].flatMap((time) => [
    damaged(`damaged pages (${time})`, 6, 16),
    damaged(`one changed byte (${time})`, 1, 1),
  ]),
]

/** Changes bytes at the start of some pages of the trail's table, or one byte anywhere in them. */
function damaged(name: string, pages: number, bytes: number): StorageFault {
  return {
    name,
    async run(on) {
      await on.begin(120)
      await on.broker.end("SIGTERM")
      const database = new Sqlite(on.database)
      const ofTrail = database.prepare("SELECT pageno FROM dbstat WHERE name = 'events'").pluck().all().map(Number)
      database.pragma("wal_checkpoint(TRUNCATE)")
      database.close()
      const file = readFileSync(on.database)
      for (let page = 0; page < pages; page++) {
        const start = ((on.random.pick(ofTrail) ?? 1) - 1) * PAGE_BYTES
        const at = bytes === 1 ? start + on.random.integer(0, PAGE_BYTES - 1) : start
        for (let byte = at; byte < at + bytes; byte++) file[byte] = (file[byte] ?? 0) ^ 0x20
      }
      writeFileSync(on.database, file)
      await on.expectDamageReported()
    },
  }
}

const SMALL_DISK_MIB = 14

/** Storage that fails. */
export const storage: Scenario = {
  name: "storage",
  async run(stage) {
    const due = [...FULL_DISKS, ...SYSTEM_CALLS, ...DAMAGED_FILES].filter(({ isBrief, name, lacking }) => {
      if (!stage.profile.storage.all && isBrief !== true) return false
      const reason = lacking?.()
      if (reason !== undefined) stage.skip(`${name}, which ${reason}`)
      return reason === undefined
    })
    const failStorage = async ({ name, isSmall, run }: StorageFault, seed: number) => {
      using disk = isSmall === true ? smallDisk(SMALL_DISK_MIB) : undefined
      await using folder = await brokerFolder(disk?.path)
      const on = new StorageCase(folder, seed)
      await run(on)
      return on.finish(name)
    }
    await stage.each(due, failStorage, true)
    stage.notes.push(`${due.length} faults`)
  },
}

/** Fills the disk until the end of the scope, except for `roomBytes`. */
function fillDisk(path: string, roomBytes: number): Disposable {
  const file = join(path, "filler")
  const { bavail, bsize } = statfsSync(path)
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - roomBytes)))
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) }
}
