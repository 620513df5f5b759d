import { brokerFolder } from "@agentwrit/testing/broker-process"
import { crashRun, enter } from "./crash-run.ts"
import { noDisk, xfsDisk } from "./disk.ts"
import type { Verdict } from "./findings.ts"
import { findLibrary, missing, notRoot } from "./needs.ts"
import { withFault } from "./planted-fault.ts"
import type { Scenario } from "./stage.ts"

/** Histories that each lose power twice. */
const CYCLES = 2

/** Power that goes while clients are at work: what was acknowledged must have been on the disk. */
export const power: Scenario = {
  name: "power",
  async run(stage) {
    const lacking = missing("mkfs.xfs", "xfs_io", "mount") ?? notRoot() ?? noDisk(xfsDisk)
    if (lacking !== undefined) return stage.report.skip("power", lacking)
    const row = stage.report.row("power")
    const { seeds, controls } = stage.profile.power
    let done = 0
    await stage.each(row, seeds, async (seed) => {
      enter(row, await losePower(seed, {}), seed)
      done++
    })
    row.note(`${done} seeds, power lost ${CYCLES} times each`)
    await controlsLose(stage, controls)
  },
}

/** The same against brokers that do not sync: a test that cannot see the loss would prove nothing. */
const controlsLose: (stage: Parameters<Scenario["run"]>[0], tries: number) => Promise<void> = async (stage, tries) => {
  const library = findLibrary("libeatmydata.so")
  const ways: [string, Record<string, string> | undefined][] = [
    ["synchronous=NORMAL", withFault("syncs like a WAL of SQLite's default")],
    ["libeatmydata", library === undefined ? undefined : { LD_PRELOAD: library }],
  ]
  const row = stage.report.row("power-control", "power")
  for (const [name, environment] of ways) {
    if (environment === undefined) {
      stage.report.skip("power-control", `needs ${name}, which is not installed`)
      continue
    }
    let lost = 0
    for (let time = 0; time < tries && lost === 0; time++)
      lost += (await losePower(stage.seed(), environment)).tally.lost
    const problem = `a broker with ${name} lost nothing, so that this test cannot see a loss`
    row.check(lost > 0 ? [] : [problem], stage.drawn)
    row.note(`${name} lost ${lost}`)
  }
}

/** One history on a disk that loses power. */
async function losePower(seed: number, environment: Record<string, string>): Promise<Verdict> {
  using disk = xfsDisk()
  await using folder = await brokerFolder(disk.path)
  return await crashRun({
    ...{ seed, cycles: CYCLES, folder, clients: 12, work: [20, 150], environment },
    async strike(broker) {
      disk.losePower()
      await broker.end("SIGKILL")
      disk.remount()
    },
  })
}
