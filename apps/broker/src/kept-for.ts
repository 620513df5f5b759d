/** Something that is made for all who ask at the same time, and kept for a while: however often anyone asks, it costs no more. */
export class KeptFor<T> {
  readonly #life: number
  #made: Promise<T> | undefined

  /** @param life milliseconds from when it is there. */
  constructor(life: number) {
    this.#life = life
  }

  /** What is kept, or else what `make` makes. */
  get(make: () => Promise<T>): Promise<T> {
    if (this.#made !== undefined) return this.#made
    this.#made = make()
    const keep = (): void => {
      setTimeout(() => {
        this.#made = undefined
      }, this.#life).unref()
    }
    this.#made.then(keep, keep)
    return this.#made
  }
}
