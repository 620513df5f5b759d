import { setImmediate } from "node:timers/promises"

/** How much work may wait, as the sum of the sizes of its pieces. */
export interface FairQueueLimits {
  readonly perSource: number
  readonly total: number
}

interface Waiting {
  size: number
  readonly pieces: { readonly size: number; readonly run: () => Promise<void> }[]
}

/**
 * How long pieces run until the process does its other work: a turn of the event loop for each piece costs too much.
 */
const MAX_TURN_MS = 1

/**
 * Runs one piece of work at a time, round-robin between sources: a source with many requests must not delay others.
 * The process does its other work after each millisecond, and what arrives meanwhile waits.
 */
export class FairQueue {
  readonly #limits: FairQueueLimits
  /** Waiting work by source; the first source is next. */
  readonly #waiting = new Map<string, Waiting>()
  #size = 0
  #isRunning = false

  constructor(limits: FairQueueLimits) {
    this.#limits = limits
  }

  /** Whether one more piece of work of this source may wait. */
  hasRoom(source: string, size = 1): boolean {
    const ofSource = this.#waiting.get(source)?.size ?? 0
    return this.#size + size <= this.#limits.total && ofSource + size <= this.#limits.perSource
  }

  /**
   * Runs the work when its turn comes. Waits even without room: call {@link FairQueue.hasRoom} first where the limit
   * matters.
   */
  run<T>(source: string, work: () => Promise<T>, size = 1): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(source) ?? { size: 0, pieces: [] }
      waiting.pieces.push({ size, run: () => work().then(resolve, reject) })
      waiting.size += size
      this.#waiting.set(source, waiting)
      this.#size += size
      if (!this.#isRunning) void this.#runAll()
    })
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true
    do {
      const began = performance.now()
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        await next()
        if (performance.now() - began >= MAX_TURN_MS) break
      }
      await setImmediate()
    } while (this.#waiting.size > 0)
    this.#isRunning = false
  }

  #next(): (() => Promise<void>) | undefined {
    for (const [source, waiting] of this.#waiting) {
      // A source with more work goes to the end.
      this.#waiting.delete(source)
      const next = waiting.pieces.shift()
      if (next === undefined) continue
      if (waiting.pieces.length > 0) this.#waiting.set(source, waiting)
      waiting.size -= next.size
      this.#size -= next.size
      return next.run
    }
    return undefined
  }
}
