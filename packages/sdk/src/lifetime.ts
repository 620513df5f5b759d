/**
 * How much of a token's life is left, by two clocks of this process: the monotonic one, which some platforms stop while
 * the machine sleeps, and the wall clock, which may be set. Neither has to agree with the broker's.
 */
export class Lifetime {
  /** When it ends, by the wall clock. */
  readonly expiresAt: Date
  readonly #durationMs: number
  readonly #startedAt: number

  /**
   * @param seconds how long the token lives.
   * @param startedAt `performance.now()` when the token was requested, the earliest time at which its life may have
   * begun.
   */
  constructor(seconds: number, startedAt: number = performance.now()) {
    this.#durationMs = seconds * 1000
    this.#startedAt = startedAt
    // 8.64e15 is the last instant of a Date, in the year 275760.
    this.expiresAt = new Date(Math.min(Date.now() - (performance.now() - startedAt) + this.#durationMs, 8.64e15))
  }

  /** Milliseconds that are left by the monotonic clock, which never runs ahead. */
  left(): number {
    return this.#startedAt + this.#durationMs - performance.now()
  }

  /** Milliseconds until this part of the life, from 0 to 1, has passed by either clock. */
  until(part: number): number {
    return Math.min(this.left(), this.expiresAt.getTime() - Date.now()) - (1 - part) * this.#durationMs
  }
}
