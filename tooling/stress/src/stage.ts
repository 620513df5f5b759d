import type { Profile } from "./profile.ts"
import { Random } from "./random.ts"
import type { Report, Row } from "./report.ts"

/** What one scenario runs with. */
export interface StageOptions {
  readonly profile: Profile
  readonly report: Report
  readonly seed: number
  /** The one run that `--seed` replays. */
  readonly replay: boolean
  /** `performance.now()` after which nothing new is begun. */
  readonly deadline: number
}

/** What one scenario runs with, and how it takes turns. */
export class Stage {
  readonly profile: Profile
  readonly report: Report
  readonly #random: Random
  readonly #options: StageOptions
  #drawn: number

  constructor(options: StageOptions) {
    this.#options = options
    this.profile = options.profile
    this.report = options.report
    this.#random = new Random(options.seed)
    this.#drawn = options.seed
  }

  get isOver(): boolean {
    return performance.now() > this.#options.deadline
  }

  /** One seed: the one that is replayed, or a fresh one. */
  seed(): number {
    this.#drawn = this.replayed ?? this.#random.fork()
    return this.#drawn
  }

  /** The seed that is replayed, when one is. */
  get replayed(): number | undefined {
    return this.#options.replay ? this.#options.seed : undefined
  }

  /** The seed that was drawn last: what replays an error that no row has. */
  get drawn(): number {
    return this.#drawn
  }

  /** Runs `act` once for each of `count` seeds, two at a time; a replay once. What the deadline cuts off is counted as not run. */
  each(row: Row, count: number, act: (seed: number) => Promise<void>): Promise<void> {
    return this.eachOf(row, Array.from({ length: this.replayed === undefined ? count : 1 }), (_, seed) => act(seed))
  }

  /** Runs `act` once for each of `all`, two at a time. What the deadline cuts off is counted as not run. */
  async eachOf<T>(row: Row, all: readonly T[], act: (one: T, seed: number) => Promise<void>): Promise<void> {
    const left = all.map((one) => ({ one, seed: this.seed() }))
    const lane = async (): Promise<void> => {
      while (!this.isOver) {
        const next = left.shift()
        if (next === undefined) return
        try {
          await act(next.one, next.seed)
        } catch (error) {
          row.fail(error instanceof Error ? (error.stack ?? error.message) : String(error), next.seed)
        }
      }
    }
    await Promise.all([lane(), lane()])
    if (left.length > 0) this.report.skip(row.name, `${left.length} of ${all.length} runs, because the time was up`)
  }
}

/** One of the things that are tried, under the name that `--only` takes. */
export interface Scenario {
  readonly name: string
  /** Whether it mostly waits, so that it may run beside the others. */
  readonly isPatient?: true
  run(stage: Stage): Promise<void>
}
