import { brokerFolder } from "@agentwrit/testing/broker-process"
import { smallDisk } from "../disk.ts"
import type { Findings } from "../findings.ts"
import type { Scenario } from "../stage.ts"
import { StorageCase } from "./storage-case.ts"
import { STORAGE_FAULTS, type StorageFault } from "./storage-faults.ts"

const SMALL_DISK_MIB = 14

/** Storage that fails in every way that can be produced here. */
export const storage: Scenario = {
  name: "storage",
  async run(stage) {
    const due = STORAGE_FAULTS.filter(({ isBrief, name, lacking }) => {
      if (!stage.profile.storage.all && isBrief !== true) return false
      const reason = lacking?.()
      if (reason !== undefined) stage.skip(`${name}, which ${reason}`)
      return reason === undefined
    })
    await stage.each(due, failStorage, true)
    stage.notes.push(`${due.length} faults`)
  },
}

async function failStorage(fault: StorageFault, seed: number): Promise<Findings> {
  using disk = fault.isSmall === true ? smallDisk(SMALL_DISK_MIB) : undefined
  await using folder = await brokerFolder(disk?.path)
  const on = new StorageCase(folder, seed)
  await fault.run(on)
  return on.finish(fault.name)
}
