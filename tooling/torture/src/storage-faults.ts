import { brokerFolder } from "@agentwrit/e2e/broker-process"
import { DAMAGED_FILES } from "./damaged-files.ts"
import { smallDisk } from "./disk.ts"
import { FAILING_STORAGE } from "./failing-storage.ts"
import type { Scenario } from "./stage.ts"
import { StorageCase } from "./storage-case.ts"
import type { StorageFault } from "./storage-fault.ts"

/** Each way in which storage fails. */
export const STORAGE_FAULTS: readonly StorageFault[] = [...FAILING_STORAGE, ...DAMAGED_FILES]

/** Brings one of them about, and answers what was not as it must be. */
export async function failStorage(
  { name, small, run }: StorageFault,
  seed: number,
  environment: Record<string, string> = {},
): Promise<string[]> {
  try {
    using disk = small === true ? smallDisk(14) : undefined
    await using folder = await brokerFolder(disk?.path)
    const on = new StorageCase({ ...folder, environment: { ...folder.environment, ...environment } }, seed)
    await run(on, seed)
    return on.problems.map((problem) => `${name}: ${problem}`)
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.stack : String(error)}`]
  }
}

/** Storage that fails, in every way that can be brought about here. */
export const storageFaults: Scenario = {
  name: "storage",
  async run(stage) {
    const row = stage.report.row("storage")
    const { every } = stage.profile.storage
    const due = STORAGE_FAULTS.filter(({ isBrief }) => every || isBrief === true)
    await stage.eachOf(row, due, async (fault, seed) => {
      const lacking = fault.lacking?.()
      if (lacking === undefined) row.check(await failStorage(fault, seed), seed)
      else stage.report.skip(`storage: ${fault.name}`, lacking)
    })
  },
}
