/** A token bucket: a burst of permits, refilled at a steady rate. It uses the time it is given, in milliseconds. */
export class TokenBucket {
  #permits: number
  #filledAt: number
  readonly #burst: number
  readonly #refillMs: number

  /** @param refillMs milliseconds until one permit comes back. */
  constructor(burst: number, refillMs: number, now: number) {
    this.#burst = burst
    this.#permits = burst
    this.#refillMs = refillMs
    this.#filledAt = now
  }

  /**
   * Takes permits; `false` when there are not so many.
   * @param mayOweMs how long ahead permits may be taken, in milliseconds, by a caller who then waits for them.
   */
  take(now: number, count = 1, mayOweMs = 0): boolean {
    if (this.waitMs(now, count) > mayOweMs) return false
    this.#permits -= count
    return true
  }

  /** Gives back permits that were not used. */
  release(count: number): void {
    this.#permits = Math.min(this.#burst, this.#permits + count)
  }

  /** Milliseconds until that many permits are there. */
  waitMs(now: number, count = 1): number {
    this.#refill(now)
    return Math.max(0, (count - this.#permits) * this.#refillMs)
  }

  isFull(now: number): boolean {
    this.#refill(now)
    return this.#permits === this.#burst
  }

  // A clock that is stepped back refills nothing and takes nothing.
  #refill(now: number): void {
    const refilled = Math.max(0, now - this.#filledAt) / this.#refillMs
    this.#permits = Math.min(this.#burst, this.#permits + refilled)
    this.#filledAt = now
  }
}
