import { setImmediate } from "node:timers/promises"

/** How much work may wait, as the sum of the sizes of its pieces. */
export interface FairQueueLimits {
  readonly perSource: number
  readonly total: number
}

interface Waiting {
  size: number
  readonly pieces: Piece[]
}

interface Piece {
  readonly size: number
  readonly run: () => Promise<void>
  readonly reject: (error: PushedOutError) => void
}

/** The work was pushed out by that of a source with less. It did not run. */
export class PushedOutError extends Error {
  override readonly name = "PushedOutError"
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
   * Makes room for one more piece of work of this source. A full queue pushes out the newest work of the source that has
   * most, if that source has more: many sources must not keep out one that has nothing waiting.
   * @returns false when there is no room.
   */
  makeRoom(source: string, size = 1): boolean {
    const ofSource = this.#waiting.get(source)?.size ?? 0
    if (ofSource + size > this.#limits.perSource) return false
    while (this.#size + size > this.#limits.total) {
      const [largest, waiting] = this.#largest()
      if (waiting === undefined || waiting.size <= ofSource) return false
      this.#pushOut(largest, waiting)
    }
    return true
  }

  /**
   * Runs the work when its turn comes. Waits even without room: call {@link FairQueue.hasRoom} or
   * {@link FairQueue.makeRoom} first where the limit matters.
   * @throws {@link PushedOutError} when {@link FairQueue.makeRoom} took its place.
   */
  run<T>(source: string, work: () => Promise<T>, size = 1): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(source) ?? { size: 0, pieces: [] }
      waiting.pieces.push({ size, run: () => work().then(resolve, reject), reject })
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

  #largest(): readonly [source: string, waiting: Waiting | undefined] {
    let largest: readonly [string, Waiting | undefined] = ["", undefined]
    for (const entry of this.#waiting) if (entry[1].size > (largest[1]?.size ?? 0)) largest = entry
    return largest
  }

  #pushOut(source: string, waiting: Waiting): void {
    const newest = waiting.pieces.pop()
    if (newest === undefined) return
    waiting.size -= newest.size
    this.#size -= newest.size
    if (waiting.pieces.length === 0) this.#waiting.delete(source)
    newest.reject(new PushedOutError("work of a source with less took its place"))
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
