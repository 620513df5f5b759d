/** How much may wait at a time. */
export interface TurnsLimits {
  readonly ofSource: number
  readonly inAll: number
}

/**
 * Does one piece of work at a time, in turns among the sources that ask: whoever asks for much waits for their own, and holds up any
 * other by one piece.
 */
export class Turns {
  readonly #limits: TurnsLimits
  /** What waits, by source; the first has the next turn. */
  readonly #waiting = new Map<string, (() => Promise<void>)[]>()
  #inAll = 0
  #busy = false

  constructor(limits: TurnsLimits) {
    this.#limits = limits
  }

  /** Whether one more piece of a source's may wait. */
  hasRoom(source: string): boolean {
    return this.#inAll < this.#limits.inAll && (this.#waiting.get(source)?.length ?? 0) < this.#limits.ofSource
  }

  /** Does the work when its turn comes. It waits even where there is no room: whoever must not, asks first. */
  do<T>(source: string, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const ofSource = this.#waiting.get(source) ?? []
      ofSource.push(() => work().then(resolve, reject))
      this.#waiting.set(source, ofSource)
      this.#inAll++
      if (!this.#busy) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#busy = true
    for (let next = this.#next(); next !== undefined; next = this.#next()) await next()
    this.#busy = false
  }

  #next(): (() => Promise<void>) | undefined {
    for (const [source, ofSource] of this.#waiting) {
      const next = ofSource.shift()
      this.#inAll--
      // A source that has more comes behind all others.
      this.#waiting.delete(source)
      if (ofSource.length > 0) this.#waiting.set(source, ofSource)
      return next
    }
    return undefined
  }
}
