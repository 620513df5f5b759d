import type { Tally } from "./findings.ts"
import type { Stage } from "./stage.ts"

/** A scenario that ran, and for how long. */
export interface Ran {
  readonly stage: Stage
  readonly seconds: number
}

/** Whether nothing was lost and nothing unexpected was found. */
export const isGood = (ran: readonly Ran[]): boolean =>
  ran.every(({ stage: { failures, found } }) => failures.length + found.tally.lost + found.tally.unexpected === 0)

const COLUMNS: readonly (keyof Tally)[] = ["tried", "survived", "lost", "unexpected", "recovered"]

/** The table of all scenarios, what was not run, and what failed. */
export function reportText(ran: readonly Ran[]): string {
  const line = (name: string, cells: readonly string[], notes = ""): string =>
    `${name.padEnd(12)}${cells.map((cell) => cell.padStart(11)).join("")}   ${notes}`.trimEnd()
  const rows = ran.map(({ stage: { name, found, notes }, seconds }) =>
    line(name, [...COLUMNS.map((column) => String(found.tally[column])), seconds.toFixed(1)], notes.join("; ")),
  )
  const notRun = ran.flatMap(({ stage }) => stage.notRun)
  const failures = ran.flatMap(({ stage }) => stage.failures.map((failure) => `${stage.name}: ${failure}`))
  return [
    line("scenario", [...COLUMNS, "seconds"]),
    ...rows,
    "",
    `not run: ${notRun.length}`,
    ...notRun.map((text) => `  - ${text}`),
    ...(failures.length > 0 ? ["", "FAILED"] : []),
    ...failures.map((text) => `  ✗ ${text}`),
  ].join("\n")
}
