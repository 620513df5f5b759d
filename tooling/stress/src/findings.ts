import type { Ledger } from "./ledger.ts"
import { addTally, emptyTally, type Tally } from "./report.ts"

/** How a broker's state stands against what was tried. */
export interface Verdict {
  readonly tally: Tally
  readonly problems: readonly string[]
}

/** What a look found: each fault in words, and counted where the table shows it. */
export class Findings implements Verdict {
  readonly tally = emptyTally()
  readonly problems: string[] = []

  /** Acknowledged, and gone. */
  lost(what: string): void {
    this.tally.lost++
    this.problems.push(`LOST: ${what}`)
  }

  /** There, and must not be. */
  unexpected(what: string): void {
    this.tally.unexpected++
    this.problems.push(`UNEXPECTED: ${what}`)
  }

  /** One part of a change is there without the others. */
  half(what: string): void {
    this.tally.unexpected++
    this.problems.push(`HALF THERE: ${what}`)
  }

  add({ tally, problems }: Verdict): void {
    addTally(this.tally, tally)
    this.problems.push(...problems)
  }
}

/** One look at a broker that has restarted. */
export interface Look {
  readonly url: string
  readonly admin: string
  readonly ledger: Ledger
  readonly found: Findings
}
