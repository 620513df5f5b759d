/** How many pieces of work may wait. */
export interface FairQueueLimits {
  readonly perSource: number
  readonly total: number
}

/** Runs one piece of work at a time, round-robin between sources: a source with many requests must not delay others. */
export class FairQueue {
  readonly #limits: FairQueueLimits
  /** Waiting work by source; the first source is next. */
  readonly #waiting = new Map<string, (() => Promise<void>)[]>()
  #total = 0
  #isRunning = false

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  /** Whether one more piece of work of this source may wait. */
  hasRoom(source: string): boolean {
    return this.#total < this.#limits.total && (this.#waiting.get(source)?.length ?? 0) < this.#limits.perSource
  }

  /**
   * Runs the work when its turn comes. Waits even without room: call {@link FairQueue.hasRoom} first where the limit
   * matters.
   */
  run<T>(source: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(source) ?? []
      waiting.push(() => work().then(resolve, reject))
      this.#waiting.set(source, waiting)
      this.#total++
      if (!this.#isRunning) void this.#runAll()
    })
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true
    for (let next = this.#next(); next !== undefined; next = this.#next()) await next()
    this.#isRunning = false
  }

  #next(): (() => Promise<void>) | undefined {
    for (const [source, waiting] of this.#waiting) {
      const next = waiting.shift()
      this.#total--
      // A source with more work goes to the end.
      this.#waiting.delete(source)
      if (waiting.length > 0) this.#waiting.set(source, waiting)
      return next
    }
    return undefined
  }
}
