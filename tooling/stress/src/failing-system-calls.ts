import { missing } from "./needs.ts"
import { expectEnd, expectNothingLost, expectRecovery, expectStalled, isDegraded } from "./storage-expectations.ts"
import type { StorageFault } from "./storage-fault.ts"

/** What leaves the outcome of a commit unknown, so that the broker has to end. */
const FATAL: readonly (readonly [name: string, calls: string, error: string])[] = [
  ["fsync fails", "fsync,fdatasync", "EIO"],
  ["writes fail", "pwrite64", "EIO"],
  ["file that turns read-only under the broker", "pwrite64,ftruncate", "EROFS"],
]

const lacking = (): string | undefined => missing("strace")

/** System calls of the broker's that fail, or do not return, while it serves. */
export const FAILING_SYSTEM_CALLS: readonly StorageFault[] = [
  ...FATAL.map(
    ([name, calls, error]): StorageFault => ({
      name,
      isPatient: true,
      lacking,
      async run(on) {
        await on.begin(60)
        {
          await using _fault = await on.inject(calls, `error=${error}`)
          await on.work(16)
          await expectStalled(on)
          await expectEnd(on)
        }
        await on.start()
        await expectNothingLost(on)
      },
    }),
  ),
  {
    name: "disk full by injection",
    lacking,
    async run(on) {
      await on.begin(60)
      {
        await using _fault = await on.inject("pwrite64", "error=ENOSPC")
        await on.work(16)
        await expectStalled(on)
      }
      await expectRecovery(on)
      await expectNothingLost(on)
    },
  },
  {
    name: "disk that hangs",
    isPatient: true,
    lacking,
    async run(on) {
      await on.begin(60)
      let working: Promise<void>
      {
        await using _fault = await on.inject("fsync,fdatasync", "delay_enter=12s")
        working = on.work(8)
        // What waits already is enough to find out.
        await on.until(() => isDegraded(on))
        await expectStalled(on)
      }
      await working
      await expectRecovery(on)
      await expectNothingLost(on)
    },
  },
]
