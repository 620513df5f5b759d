import type { Profile } from "./profile.ts"
import { Random } from "./random.ts"
import type { Report, Row } from "./report.ts"

/** What every scenario runs with. */
export interface StageOptions {
  readonly profile: Profile
  readonly report: Report
  readonly seed: number
  /** The one run that `--seed` replays. */
  readonly replay: boolean
  /** `performance.now()` after which nothing new is begun. */
  readonly deadline: number
}

/** What every scenario runs with, and how it takes turns. */
export class Stage {
  readonly profile: Profile
  readonly report: Report
  readonly #random: Random
  readonly #options: StageOptions

  constructor(options: StageOptions) {
    this.#options = options
    this.profile = options.profile
    this.report = options.report
    this.#random = new Random(options.seed)
  }

  get isOver(): boolean {
    return performance.now() > this.#options.deadline
  }

  /** One seed: the one that is replayed, or a fresh one. */
  seed(): number {
    return this.#options.replay ? this.#options.seed : this.#random.fork()
  }

  /**
   * Runs `act` once for each of `count` seeds, two at a time; a replay once. What the deadline cuts off is counted as not run.
   */
  async each(row: Row, count: number, act: (seed: number) => Promise<void>): Promise<void> {
    const seeds = Array.from({ length: this.#options.replay ? 1 : count }, () => this.seed())
    const lane = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined && !this.isOver; seed = seeds.shift()) {
        try {
          await act(seed)
        } catch (error) {
          row.fail(error instanceof Error ? (error.stack ?? error.message) : String(error), seed)
        }
        if (this.isOver && seeds.length > 0) break
      }
    }
    await Promise.all([lane(), lane()])
    if (seeds.length > 0) this.report.skip(row.name, `${seeds.length} of ${count} runs, because the time was up`)
  }
}

/** One of the things that are tried, under the name that `--only` takes. */
export interface Scenario {
  readonly name: string
  run(stage: Stage): Promise<void>
}
