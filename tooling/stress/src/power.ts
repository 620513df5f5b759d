import { brokerFolder } from "@agentwrit/testing/broker-process"
import { crashRun } from "./crashes.ts"
import { noDisk, xfsDisk } from "./disk.ts"
import type { Findings } from "./findings.ts"
import { findLibrary, missing, notRoot } from "./needs.ts"
import { withFault } from "./planted-faults.ts"
import type { Scenario, Stage } from "./stage.ts"

const CUTS_PER_RUN = 2

/** Cuts the power while clients work: acknowledged changes must be on the disk. */
export const power: Scenario = {
  name: "power",
  async run(stage) {
    const lacking = missing("mkfs.xfs", "xfs_io", "mount") ?? notRoot() ?? noDisk(xfsDisk)
    if (lacking !== undefined) return stage.skip(lacking)
    const { runs } = stage.profile.power
    await stage.each(Array.from({ length: runs }), (_, seed) => losePower(seed))
    stage.notes.push(`${runs} runs with ${CUTS_PER_RUN} cuts each`)
    await tryControl(stage, "synchronous=NORMAL", withFault("synchronous=NORMAL"))
    const library = findLibrary("libeatmydata.so")
    if (library === undefined) stage.skip("the control with libeatmydata, which is not installed")
    else await tryControl(stage, "libeatmydata", { LD_PRELOAD: library })
  },
}

/** A broker that does not sync must lose something: otherwise this scenario could not see a loss. */
async function tryControl(stage: Stage, name: string, environment: Record<string, string>): Promise<void> {
  const seed = stage.seed()
  let lost = 0
  for (let time = 0; time < stage.profile.power.controls && lost === 0; time++)
    lost = (await losePower(seed + time, environment)).tally.lost
  stage.check(lost > 0 ? [] : [`a broker with ${name} lost nothing, so this scenario cannot see a loss`], seed)
  stage.notes.push(`control ${name} lost ${lost}`)
}

async function losePower(seed: number, environment: Record<string, string> = {}): Promise<Findings> {
  using disk = xfsDisk()
  await using folder = await brokerFolder(disk.path)
  return await crashRun({
    seed,
    cycles: CUTS_PER_RUN,
    folder,
    work: [20, 150],
    environment,
    async crash(broker) {
      disk.losePower()
      await broker.end("SIGKILL")
      disk.remount()
    },
  })
}
