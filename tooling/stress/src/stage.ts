import { Random } from "@agentwrit/testing/random"
import { Findings } from "./findings.ts"
import type { Profile } from "./profile.ts"

/** One scenario, under the name that `--only` takes. */
export interface Scenario {
  readonly name: string
  /** Whether it mostly waits, so that it may run beside another scenario. */
  readonly isPatient?: true
  run(stage: Stage): Promise<void>
}

/** How a {@link Stage} runs. */
export interface StageOptions {
  readonly profile: Profile
  readonly seed: number
  /** Runs once, with exactly `seed`. */
  readonly isReplay?: boolean
  /** `performance.now()` after which no new run begins. Default: never. */
  readonly deadlineMs?: number
}

/** Where a scenario takes its profile and seeds from, and where it records what it found. */
export class Stage {
  readonly name: string
  readonly profile: Profile
  readonly found = new Findings()
  /** Failures, each with the command that replays it. */
  readonly failures: string[] = []
  readonly notes: string[] = []
  readonly notRun: string[] = []
  readonly #options: StageOptions
  readonly #random: Random

  constructor(name: string, options: StageOptions) {
    this.name = name
    this.profile = options.profile
    this.#options = options
    this.#random = new Random(options.seed)
  }

  get isOver(): boolean {
    return performance.now() > (this.#options.deadlineMs ?? Number.POSITIVE_INFINITY)
  }

  get isReplay(): boolean {
    return this.#options.isReplay ?? false
  }

  /** The replayed seed, or a fresh one. */
  seed(): number {
    return this.isReplay ? this.#options.seed : this.#random.fork()
  }

  /** Counts something that could not be tried here. */
  skip(reason: string): void {
    this.notRun.push(`${this.name}: ${reason}`)
  }

  /** Records what a run found. `seed` replays the run. */
  add(found: Pick<Findings, "tally" | "problems">, seed: number): void {
    this.found.add(found)
    const command = `npx pnpm@12 stress --profile ${this.profile.name} --only ${this.name} --seed ${seed}`
    for (const problem of found.problems) this.failures.push(`${problem}\n    replay with: ${command}`)
  }

  /** Records one attempt, which held when it has no problems. `name` is put before each. */
  check(problems: readonly string[], seed: number, name?: string): void {
    const found = new Findings()
    found.check(name === undefined ? problems : problems.map((problem) => `${name}: ${problem}`))
    this.add(found, seed)
  }

  /**
   * Runs `act` for each item, two at a time, until the time is up. A replay runs it for the first item only, unless
   * `keepAll`.
   */
  async each<T>(
    items: readonly T[],
    act: (item: T, seed: number) => Promise<Findings | string[]>,
    keepAll = false,
  ): Promise<void> {
    const left = this.isReplay && !keepAll ? items.slice(0, 1) : [...items]
    const lane = async (): Promise<void> => {
      while (left.length > 0 && !this.isOver) {
        const [item] = left.splice(0, 1) as [T]
        const seed = this.seed()
        try {
          const found = await act(item, seed)
          if (found instanceof Findings) this.add(found, seed)
          else this.check(found, seed)
        } catch (error) {
          this.check([stackOf(error)], seed)
        }
      }
    }
    await Promise.all([lane(), lane()])
    if (left.length > 0) this.skip(`${left.length} of ${items.length} runs, because the time was up`)
  }
}

export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
