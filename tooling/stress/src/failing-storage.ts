import { statSync } from "node:fs"
import Sqlite from "better-sqlite3"
import { descriptorLimit } from "./descriptor-limit.ts"
import { FAILING_SYSTEM_CALLS } from "./failing-system-calls.ts"
import { FULL_DISKS } from "./full-disks.ts"
import { missing } from "./needs.ts"
import { READ_ONLY_STORAGE } from "./read-only-storage.ts"
import {
  expectEnd,
  expectNothingLost,
  expectRecovery,
  expectRefusal,
  expectStalled,
  isDegraded,
} from "./storage-expectations.ts"
import { data, type StorageFault } from "./storage-fault.ts"

/** Storage that refuses to take or give what it should, and what a broker owes its clients then. */
export const FAILING_STORAGE: readonly StorageFault[] = [
  ...FULL_DISKS,
  ...READ_ONLY_STORAGE,
  ...FAILING_SYSTEM_CALLS,
  {
    name: "file-size limit",
    isPatient: true,
    lacking: () => missing("prlimit"),
    async run(on) {
      await on.begin(40)
      await on.broker.end("SIGTERM")
      const limit = statSync(data(on)).size + 200_000
      await on.start({}, ["prlimit", `--fsize=${Math.max(limit, 1_100_000)}`])
      await on.until(async () => {
        await on.work(40)
        return isDegraded(on)
      }, 20_000)
      await expectStalled(on)
      await expectEnd(on)
      await on.start()
      await expectNothingLost(on)
    },
  },
  descriptorLimit,
  {
    name: "locked database",
    isBrief: true,
    async run(on) {
      await on.begin(40)
      const holder = new Sqlite(data(on))
      holder.exec("BEGIN IMMEDIATE")
      // It takes an attempt to find out.
      await on.until(async () => {
        await on.work(8)
        return isDegraded(on)
      })
      await expectStalled(on)
      holder.exec("ROLLBACK")
      holder.close()
      await expectRecovery(on)
      await expectNothingLost(on)
    },
  },
  {
    name: "newer database",
    async run(on) {
      await on.begin(8)
      await on.broker.end("SIGTERM")
      const database = new Sqlite(data(on))
      database.exec("INSERT INTO kysely_migration (name, timestamp) VALUES ('9999-future', '2099')")
      await expectRefusal(on, /newer version .*9999-future.*restore the backup/)
      database.exec("DELETE FROM kysely_migration WHERE name = '9999-future'")
      database.close()
      await on.start()
      await expectNothingLost(on)
    },
  },
]
