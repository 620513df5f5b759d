/** Tries among which one surely comes to its end. */
const ENOUGH = 60

/** What was tried how often, and how often it came to its end. */
export class Tries {
  readonly #sent = new Map<string, number>()
  readonly #done = new Map<string, number>()

  /** Enters one request by all that it tried. */
  enter(names: readonly string[], isDone: boolean): void {
    for (const name of names) {
      this.#sent.set(name, (this.#sent.get(name) ?? 0) + 1)
      if (isDone) this.#done.set(name, (this.#done.get(name) ?? 0) + 1)
    }
  }

  isDone(name: string): boolean {
    return this.#done.has(name)
  }

  /** Which of them never came to their end: what is always turned away at the guards is hardly tried. */
  turnedAway(names: readonly string[]): string[] {
    return names
      .filter((name) => !this.isDone(name) && !this.#isRare(name))
      .map((name) => `no ${name} came to its end, of ${this.#sent.get(name)}`)
  }

  /** Which of them were tried too seldom for that to tell. */
  rare(names: readonly string[]): string[] {
    return names.filter((name) => !this.isDone(name) && this.#isRare(name))
  }

  #isRare(name: string): boolean {
    return (this.#sent.get(name) ?? 0) < ENOUGH
  }
}
