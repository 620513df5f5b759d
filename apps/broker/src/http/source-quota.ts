/** How much may be taken of something at a time. */
export interface QuotaLimits {
  /** By one source, so that no one alone can take all the room, and with it every other's. */
  readonly ofSource: number
  readonly inAll: number
}

/** Counts what sources hold of something that is bounded; what it remembers of a source goes when that holds nothing. */
export class SourceQuota {
  readonly #limits: QuotaLimits
  readonly #bySource = new Map<string, number>()
  #inAll = 0

  constructor(limits: QuotaLimits) {
    this.#limits = limits
  }

  /** Whether there is room for so much more; if so, it counts until it is given back. */
  take(source: string, amount = 1): boolean {
    const ofSource = (this.#bySource.get(source) ?? 0) + amount
    if (this.#inAll + amount > this.#limits.inAll || ofSource > this.#limits.ofSource) return false
    this.#inAll += amount
    this.#bySource.set(source, ofSource)
    return true
  }

  giveBack(source: string, amount = 1): void {
    this.#inAll -= amount
    const ofSource = (this.#bySource.get(source) ?? 0) - amount
    if (ofSource <= 0) this.#bySource.delete(source)
    else this.#bySource.set(source, ofSource)
  }
}
