import { rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { noDisk, smallDisk } from "./disk.ts"
import { missing, notRoot } from "./needs.ts"
import type { StorageCase } from "./storage-case.ts"
import { expectNothingLost, expectRecovery, expectSignIn, expectStalled, isDegraded } from "./storage-expectations.ts"
import type { StorageFault } from "./storage-fault.ts"

const lacking = (): string | undefined => notRoot() ?? missing("mount") ?? noDisk(() => smallDisk(4))

/** Bytes: room for some commits, and less than is kept back for revocations. */
const LITTLE = 48 * 1024

/** Disks without room: issuance stops first, revocation last (CONTRACT 4). */
export const FULL_DISKS: readonly StorageFault[] = [
  {
    name: "full disk",
    isBrief: true,
    small: true,
    lacking,
    async run(on) {
      await on.begin(80)
      using filler = filled(on.folder.path, LITTLE)
      await on.until(async () => {
        await on.work(8)
        return isDegraded(on)
      })
      await expectRevocationsAlone(on, 100)
      filler[Symbol.dispose]()
      await expectRecovery(on)
      await on.work(40)
      await expectNothingLost(on)
    },
  },
  ...(
    [
      ["start on a full disk", LITTLE],
      ["start on a disk without any room", 0],
    ] as const
  ).map(
    ([name, room]): StorageFault => ({
      name,
      small: true,
      lacking,
      async run(on) {
        await on.begin(80)
        await on.broker.end("SIGKILL")
        using filler = filled(on.folder.path, room)
        await on.start()
        await expectRevocationsAlone(on, 10)
        await on.broker.end("SIGKILL")
        filler[Symbol.dispose]()
        await expectNothingLost(on)
      },
    }),
  ),
]

/** What takes rights away still works, in the room that is kept back for it, and so does the sign-in for it; nothing else does. */
async function expectRevocationsAlone(on: StorageCase, most: number): Promise<void> {
  await expectStalled(on)
  await expectSignIn(on)
  const tokens = on.unrevoked.slice(-most)
  on.expect(tokens.length > 5, `only ${tokens.length} revocations were tried`)
  for (const token of tokens) await on.revoke(token)
  await expectStalled(on)
}

/** Fills the disk until only so many bytes are left, until the answer is disposed of. */
function filled(path: string, room: number): Disposable {
  const file = join(path, "filler")
  const { bavail, bsize } = statfsSync(path)
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - room)))
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) }
}
