/** Caches one value for a time. Callers that ask while it is being made share it. */
export class TtlCache<T> {
  readonly #ttlMs: number
  #value: Promise<T> | undefined

  /** @param ttlMs milliseconds, from the moment at which the value is there. */
  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs
  }

  /** The cached value, or else what `make` makes. */
  get(make: () => Promise<T>): Promise<T> {
    if (this.#value !== undefined) return this.#value
    this.#value = make()
    const expire = (): void => {
      setTimeout(() => {
        this.#value = undefined
      }, this.#ttlMs).unref()
    }
    this.#value.then(expire, expire)
    return this.#value
  }
}
