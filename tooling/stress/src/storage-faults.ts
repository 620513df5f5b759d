import { brokerFolder } from "@agentwrit/testing/broker-process"
import { DAMAGED_FILES } from "./damaged-files.ts"
import { smallDisk } from "./disk.ts"
import { FAILING_STORAGE } from "./failing-storage.ts"
import type { Verdict } from "./findings.ts"
import { emptyTally, type Row } from "./report.ts"
import type { Scenario } from "./stage.ts"
import { StorageCase } from "./storage-case.ts"
import type { StorageFault } from "./storage-fault.ts"

/** Each way in which storage fails. */
export const STORAGE_FAULTS: readonly StorageFault[] = [...FAILING_STORAGE, ...DAMAGED_FILES]

/** What stands in place of the usual, to show that what is wrong is found. */
export interface Planted {
  readonly environment?: Record<string, string>
  /** Milliseconds for what must come about. */
  readonly patience?: number
}

/** Brings one of them about, and answers what became of the work, and what was not as it must be. */
export async function failStorage(
  { name, small, run }: StorageFault,
  seed: number,
  { environment = {}, patience = 8000 }: Planted = {},
): Promise<Verdict> {
  let tally = emptyTally()
  const problems: string[] = []
  try {
    using disk = small === true ? smallDisk(14) : undefined
    await using folder = await brokerFolder(disk?.path)
    const on = new StorageCase({ ...folder, environment: { ...folder.environment, ...environment } }, seed, patience)
    try {
      await run(on, seed)
      if (!on.hasLooked) problems.push("nothing was looked at")
    } finally {
      tally = on.tally
      problems.push(...on.problems)
    }
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  return { tally, problems: problems.map((problem) => `${name}: ${problem}`) }
}

/** Enters a case into its row: the fault is one try, and so is each operation that was looked for after it. */
export function enterCase(row: Row, { tally, problems }: Verdict, seed: number): void {
  row.add(tally)
  row.check(problems, seed)
}

/** Storage that fails, in every way that can be brought about here. */
export const storageFaults: Scenario = {
  name: "storage",
  async run(stage) {
    const row = stage.report.row("storage")
    const { every } = stage.profile.storage
    const due = STORAGE_FAULTS.filter(({ isBrief }) => every || isBrief === true)
    let tried = 0
    const bring = async (fault: StorageFault, seed: number): Promise<void> => {
      const lacking = fault.lacking?.()
      if (lacking === undefined) {
        enterCase(row, await failStorage(fault, seed), seed)
        tried++
      } else stage.report.skip(`storage: ${fault.name}`, lacking)
    }
    await Promise.all(
      [true, false].map((patient) =>
        stage.eachOf(
          row,
          due.filter(({ isPatient = false }) => isPatient === patient),
          bring,
        ),
      ),
    )
    row.note(`${tried} faults`)
  },
}
