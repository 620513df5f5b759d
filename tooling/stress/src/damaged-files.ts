import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import Sqlite from "better-sqlite3"
import { Random } from "./random.ts"
import type { StorageCase } from "./storage-case.ts"
import { expectEnd, expectLogged, expectNothingLost, expectRefusal, expectStalled } from "./storage-expectations.ts"
import { data, type StorageFault } from "./storage-fault.ts"
import { expectDamageTold } from "./told-damage.ts"

/** Files of a database that are torn, cut, gone or changed. */
export const DAMAGED_FILES: readonly StorageFault[] = [
  {
    name: "torn WAL",
    isBrief: true,
    async run(on, seed) {
      await on.begin(60)
      await on.broker.end("SIGKILL")
      // What a write that was cut off leaves behind the last commit.
      const wal = `${data(on)}-wal`
      const frame = readFileSync(wal).subarray(32, 32 + 4120)
      const torn = frame.subarray(0, new Random(seed).integer(1, frame.length - 1))
      writeFileSync(wal, torn, { flag: "a" })
      await on.start()
      await expectNothingLost(on)
    },
  },
  {
    name: "WAL cut before what was acknowledged",
    async run(on) {
      await on.begin(24)
      await on.broker.end("SIGTERM")
      await on.start()
      await on.work(24)
      await on.load.checkpoint()
      await on.broker.end("SIGKILL")
      truncateSync(`${data(on)}-wal`, 32)
      await expectRefusal(on, /put back to an older copy or changed/)
    },
  },
  {
    name: "database deleted under the broker",
    isBrief: true,
    isPatient: true,
    run: (on) => moved(on, [""]),
  },
  {
    name: "WAL deleted under the broker",
    isPatient: true,
    run: (on) => moved(on, ["-wal"]),
  },
  ...[1, 2, 3, 4].map(
    (time): StorageFault => ({
      name: `flipped bytes (${time})`,
      async run(on, seed) {
        await on.begin(120)
        await on.broker.end("SIGTERM")
        const random = new Random(seed + time)
        // Whole pages, so that SQLite can tell: a single flipped bit in a record is told only by the trail.
        for (let flip = 0; flip < 6; flip++) flipBytes(data(on), random)
        await expectDamageTold(on)
      },
    }),
  ),
  ...[1, 2, 3].map(
    (time): StorageFault => ({
      name: `one flipped byte of the trail (${time})`,
      async run(on, seed) {
        await on.begin(120)
        await on.broker.end("SIGTERM")
        flipByteOfTrail(data(on), new Random(seed + time))
        await expectDamageTold(on)
      },
    }),
  ),
  {
    name: "a flipped byte of the header",
    async run(on, seed) {
      await on.begin(24)
      await on.broker.end("SIGTERM")
      changeByte(data(on), new Random(seed).integer(0, 15))
      await expectDamageTold(on)
    },
  },
]

async function moved(on: StorageCase, suffixes: readonly string[]): Promise<void> {
  await on.begin(40)
  await on.load.checkpoint()
  for (const suffix of suffixes) rmSync(data(on) + suffix)
  await on.work(8)
  await expectStalled(on)
  await expectEnd(on)
  await expectLogged(on, /deleted, moved or replaced/, "the log does not say that a file is gone")
  await expectRefusal(on, /put back to an older copy or changed/)
}

function flipBytes(path: string, random: Random): void {
  const file = openSync(path, "r+")
  const pages = Math.floor(statSync(path).size / 4096)
  const at = random.integer(1, pages - 1) * 4096
  const page = Buffer.alloc(4096)
  readSync(file, page, 0, 4096, at)
  for (let byte = 0; byte < 64; byte++) page[random.integer(0, 4095)] = random.integer(0, 255)
  for (let byte = 0; byte < 16; byte++) page[byte] = random.integer(0, 255)
  writeSync(file, page, 0, 4096, at)
  closeSync(file)
}

/** Changes one byte where events lie: whatever it hits, SQLite or the chain tells, or it is of no event. */
function flipByteOfTrail(path: string, random: Random): void {
  const database = new Sqlite(path)
  const pages = database.prepare("SELECT pageno FROM dbstat WHERE name = 'events'").pluck().all().map(Number)
  database.pragma("wal_checkpoint(TRUNCATE)")
  database.close()
  changeByte(path, ((random.pick(pages) ?? 1) - 1) * 4096 + random.integer(0, 4095))
}

function changeByte(path: string, at: number): void {
  const file = openSync(path, "r+")
  const byte = Buffer.alloc(1)
  readSync(file, byte, 0, 1, at)
  byte[0] = (byte[0] ?? 0) ^ 0x20
  writeSync(file, byte, 0, 1, at)
  closeSync(file)
}
