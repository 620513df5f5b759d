/** How many of something may be in use at a time. */
export interface QuotaLimits {
  /** By one source, so that no source alone can take everything. */
  readonly perSource: number
  /** By all sources together. */
  readonly total: number
}

/** Counts what sources have in use. It remembers nothing of a source that uses nothing. */
export class Quota {
  readonly #limits: QuotaLimits
  readonly #bySource = new Map<string, number>()
  #total = 0

  constructor(limits: QuotaLimits) {
    this.#limits = limits
  }

  /** Takes one, unless the source or all sources have reached their limit. Call {@link Quota.release} afterwards. */
  acquire(source: string): boolean {
    const inUse = this.#bySource.get(source) ?? 0
    if (this.#total >= this.#limits.total || inUse >= this.#limits.perSource) return false
    this.#total++
    this.#bySource.set(source, inUse + 1)
    return true
  }

  release(source: string): void {
    this.#total--
    const inUse = (this.#bySource.get(source) ?? 0) - 1
    if (inUse <= 0) this.#bySource.delete(source)
    else this.#bySource.set(source, inUse)
  }
}
