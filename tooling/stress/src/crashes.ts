import { brokerFolder } from "@agentwrit/testing/broker-process"
import { crashRun, enter } from "./crash-run.ts"
import { databaseProblems } from "./database-file.ts"
import type { Scenario } from "./stage.ts"

/** kill -9 at random moments of mixed, concurrent work. */
export const crashes: Scenario = {
  name: "crashes",
  async run(stage) {
    const row = stage.report.row("crashes")
    const { runs, cycles } = stage.profile.crashes
    let done = 0
    await stage.each(row, runs, async (seed) => {
      await using folder = await brokerFolder()
      const verdict = await crashRun({ seed, cycles, folder, clients: 12, work: [1, 150] })
      done += verdict.blows
      enter(row, { ...verdict, problems: [...verdict.problems, ...databaseProblems(folder.path)] }, seed)
    })
    row.note(`${done} kills`)
  },
}
