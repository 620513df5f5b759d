/** What became of what was tried. */
export interface Tally {
  tried: number
  /** Held: acknowledged and there, or attacked and unharmed. */
  survived: number
  /** Acknowledged and absent: must be 0. */
  lost: number
  /** Present and never tried, or an answer that must not be: must be 0. */
  unexpected: number
  /** Present without having been acknowledged: allowed. */
  recovered: number
}

export const emptyTally = (): Tally => ({ tried: 0, survived: 0, lost: 0, unexpected: 0, recovered: 0 })

export function addTally(sum: Tally, tally: Tally): void {
  for (const what of Object.keys(tally) as (keyof Tally)[]) sum[what] += tally[what]
}

/** One line of the table. */
export class Row {
  readonly name: string
  readonly tally = emptyTally()
  /** Figures that were measured, in words. */
  readonly notes: string[] = []
  readonly #fail: (what: string, seed: number) => void

  constructor(name: string, fail: (what: string, seed: number) => void) {
    this.name = name
    this.#fail = fail
  }

  add(tally: Tally): void {
    addTally(this.tally, tally)
  }

  /** One thing was tried and held. */
  held(): void {
    this.tally.tried++
    this.tally.survived++
  }

  /** Something that must not be; `seed` replays it. */
  fail(what: string, seed: number): void {
    this.#fail(`${this.name}: ${what}`, seed)
  }

  /** One thing was tried: it held when there are no problems. */
  check(problems: readonly string[], seed: number): void {
    if (problems.length === 0) {
      this.held()
      return
    }
    this.tally.tried++
    this.tally.unexpected++
    for (const problem of problems) this.fail(problem, seed)
  }

  note(text: string): void {
    this.notes.push(text)
  }
}

/** The table that a run prints, and what failed. */
export class Report {
  readonly rows: Row[] = []
  readonly failures: string[] = []
  readonly notRun: string[] = []
  readonly #profile: string

  /** @param profile the name by which a failure is replayed as far as this run went. */
  constructor(profile: string) {
    this.#profile = profile
  }

  /** @param scenario the name that `--only` takes, where the row's is another. */
  row(name: string, scenario: string = name): Row {
    const row = new Row(name, (what, seed) => this.fail(what, scenario, seed))
    this.rows.push(row)
    return row
  }

  /** Something that must not be, and the line that replays it. */
  fail(what: string, scenario: string, seed: number): void {
    const profile = this.#profile === "default" ? "" : ` --profile ${this.#profile}`
    this.failures.push(`${what}\n    replay with: npx pnpm@12 stress${profile} --only ${scenario} --seed ${seed}`)
  }

  /** What could not be tried here, and why. */
  skip(name: string, reason: string): void {
    this.notRun.push(`${name}: ${reason}`)
  }

  get isGood(): boolean {
    return this.failures.length === 0 && this.rows.every(({ tally }) => tally.lost === 0 && tally.unexpected === 0)
  }

  text(): string {
    const columns = ["tried", "survived", "lost", "unexpected", "recovered"] as const
    const width = Math.max(...this.rows.map(({ name }) => name.length), "scenario".length)
    const line = (name: string, cells: readonly string[], notes: string) =>
      `${name.padEnd(width)}  ${cells.map((cell) => cell.padStart(11)).join("")}   ${notes}`.trimEnd()
    const lines = [
      line("scenario", columns, ""),
      ...this.rows.map(({ name, tally, notes }) =>
        line(
          name,
          columns.map((column) => String(tally[column])),
          notes.join("; "),
        ),
      ),
    ]
    lines.push("", `not run: ${this.notRun.length}`, ...this.notRun.map((text) => `  - ${text}`))
    if (this.failures.length > 0) lines.push("", "FAILED", ...this.failures.map((text) => `  ✗ ${text}`))
    return lines.join("\n")
  }
}
