import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { noDisk, smallDisk } from "./disk.ts"
import { missing, notRoot } from "./needs.ts"
import { expectNothingLost, expectRefusal } from "./storage-expectations.ts"
import { data, type StorageFault } from "./storage-fault.ts"

/** What an operator reads: not the broker's own name, in which there is a "writ" too. */
const CANNOT_WRITE = /cannot be written|must (exist and )?be writable/

/** Storage that cannot be written when the broker starts. */
export const READ_ONLY_STORAGE: readonly StorageFault[] = [
  {
    name: "read-only file system",
    small: true,
    lacking: () => notRoot() ?? missing("mount") ?? noDisk(() => smallDisk(4)),
    async run(on) {
      await on.begin(40)
      await on.broker.end("SIGTERM")
      const disk = join(on.folder.path, "..")
      execFileSync("mount", ["-o", "remount,ro", disk])
      await expectRefusal(on, CANNOT_WRITE)
      execFileSync("mount", ["-o", "remount,rw", disk])
      await on.start()
      await expectNothingLost(on)
    },
  },
  {
    name: "read-only file",
    lacking: () => notRoot() ?? missing("mount"),
    async run(on) {
      await on.begin(40)
      await on.broker.end("SIGTERM")
      // Root may write whatever the mode says; not so on a mount.
      execFileSync("mount", ["--bind", "-o", "ro", data(on), data(on)])
      try {
        await expectRefusal(on, CANNOT_WRITE)
      } finally {
        execFileSync("umount", [data(on)])
      }
      await on.start()
      await expectNothingLost(on)
    },
  },
]
