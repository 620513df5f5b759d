/** Counts of one scenario. Lost and unexpected must be 0. */
export interface Tally {
  tried: number
  /** Acknowledged and still there, or attacked and unharmed. */
  survived: number
  /** Acknowledged and gone. */
  lost: number
  /** There although it must not be, or a wrong answer. */
  unexpected: number
  /** There although no answer arrived. This is allowed. */
  recovered: number
}

/** What a check found: counts, and each problem in words. */
export class Findings {
  readonly tally: Tally = { tried: 0, survived: 0, lost: 0, unexpected: 0, recovered: 0 }
  readonly problems: string[] = []

  /** Something was acknowledged and is gone. */
  lost(what: string): void {
    this.tally.lost++
    this.problems.push(`LOST: ${what}`)
  }

  /** Something is there, or was answered, that must not be. */
  unexpected(what: string): void {
    this.tally.unexpected++
    this.problems.push(`UNEXPECTED: ${what}`)
  }

  /** Counts one attempt, which survived when it has no problems. */
  check(problems: readonly string[]): void {
    this.tally.tried++
    if (problems.length === 0) this.tally.survived++
    else this.tally.unexpected++
    this.problems.push(...problems)
  }

  add({ tally, problems }: Pick<Findings, "tally" | "problems">): void {
    for (const what of Object.keys(tally) as (keyof Tally)[]) this.tally[what] += tally[what]
    this.problems.push(...problems)
  }
}
