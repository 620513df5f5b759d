import { type Death, dieAtWrite } from "./death-at-write.ts"
import { untraceable } from "./needs.ts"
import { Random } from "./random.ts"
import type { Row } from "./report.ts"
import type { Scenario, Stage } from "./stage.ts"

/** What the database's own thread changes its files by. Each thread counts for itself, and no other makes these calls. */
export const WRITES = "pwrite64,ftruncate"

/** What the other threads change files by too: keys and the witness are written beside their place and moved there. */
const SYNCS = "fsync,fdatasync,link,unlink"
const RENAMES = "rename"

/** Everything by which what a broker writes comes to its place; the many come last, of which some may be left when the time is up. */
const CALLS = [RENAMES, SYNCS, WRITES]

/** kill -9 at every write of a short run, one after the other. */
export const everyWrite: Scenario = {
  name: "every-write",
  async run(stage) {
    const row = stage.report.row("every-write")
    const lacking = untraceable()
    if (lacking !== undefined) return stage.report.skip("every-write", lacking)
    // The seed of a death is the number of its write.
    const { replayed } = stage
    if (replayed !== undefined) {
      for (const calls of CALLS) await dieAt(row, calls, replayed)
      return
    }
    const { stride, others } = stage.profile.everyWrite
    let deaths = 0
    for (const calls of CALLS) {
      const points = await dieEverywhere(stage, row, calls, calls === WRITES ? stride : others)
      row.note(`${calls}: died at ${points.tried}, the last of them ${points.last}`)
      deaths += points.tried
    }
    if (deaths === 0 && !stage.isOver) row.fail("no run died at a write", stage.drawn)
  },
}

/** How many writes there are differs a little from run to run: so far behind the last that was seen none may be. */
const MARGIN = 6

async function dieEverywhere(
  stage: Stage,
  row: Row,
  calls: string,
  stride: number,
): Promise<{ tried: number; last: number }> {
  let next = new Random(stage.seed()).integer(1, stride)
  let tried = 0
  let last = 0
  let finished = 0
  const enough = Math.ceil(MARGIN / stride)
  let isSound = true
  const lane = async (): Promise<void> => {
    while (finished < enough && isSound && !stage.isOver) {
      const nth = next
      next += stride
      const { isFinished, problems } = await dieAt(row, calls, nth)
      // Where one run fails, all may, and none would come to its end.
      if (problems.length > 0) isSound = false
      if (isFinished) finished++
      else {
        tried++
        finished = 0
        last = Math.max(last, nth)
      }
    }
  }
  await Promise.all([lane(), lane()])
  if (isSound && finished < enough) stage.report.skip("every-write", `writes from ${next} on, because the time was up`)
  return { tried, last }
}

async function dieAt(row: Row, calls: string, nth: number): Promise<Death> {
  const death = await dieAtWrite(calls, nth)
  row.add(death.tally)
  for (const problem of death.problems) row.fail(`${calls} ${nth}: ${problem}`, nth)
  return death
}
