/**
 * How much of a token's life is left, as this process can tell. Two clocks count: the monotonic one, which some platforms stop while
 * the machine sleeps, and the wall clock, which may be stepped. Neither has to agree with the broker's.
 */
export class Lifetime {
  /** When it is over by the wall clock. */
  readonly expiresAt: Date
  readonly #milliseconds: number
  readonly #ticks: number

  /**
   * @param seconds how long the token lives.
   * @param ticks `performance.now()` when it was asked for: life may have begun then.
   */
  constructor(seconds: number, ticks: number = performance.now()) {
    this.#milliseconds = seconds * 1000
    this.#ticks = ticks
    // Dates end in the year 275760; a longer life has no end that anyone sees.
    this.expiresAt = new Date(Math.min(Date.now() - (performance.now() - ticks) + this.#milliseconds, 8.64e15))
  }

  /** Milliseconds that are left by the monotonic clock, which never runs ahead. */
  left(): number {
    return this.#ticks + this.#milliseconds - performance.now()
  }

  /** Milliseconds until this part of it, from 0 to 1, has passed by either clock. */
  until(part: number): number {
    return Math.min(this.left(), this.expiresAt.getTime() - Date.now()) - (1 - part) * this.#milliseconds
  }
}
