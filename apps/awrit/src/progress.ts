import type { Output } from "./output.ts"

/** Milliseconds between two updates. */
const PERIOD_MS = 100

/** Width of the bar in columns. */
const BAR_COLUMNS = 24

/** A progress bar on stderr, shown only on a terminal. */
export class Progress {
  readonly #out: Output
  readonly #verb: string
  #shownAt = 0

  /** @param verb what is counted, such as `events verified`. */
  constructor(out: Output, verb: string) {
    this.#out = out
    this.#verb = verb
  }

  /** Updates the bar, at most once every {@link PERIOD_MS}. */
  readonly show = (done: number, total: number): void => {
    const now = performance.now()
    if (now - this.#shownAt < PERIOD_MS && done < total) return
    this.#shownAt = now
    const part = total === 0 ? 1 : Math.min(1, done / total)
    const filled = Math.round(part * BAR_COLUMNS)
    const bar = "█".repeat(filled) + "░".repeat(BAR_COLUMNS - filled)
    const text = `${bar} ${Math.floor(part * 100)}%  ${done} of ${total} ${this.#verb}`
    this.#out.status(text.slice(0, this.#out.statusWidth - 1))
  };

  /** Removes the bar. */
  [Symbol.dispose](): void {
    if (this.#shownAt > 0) this.#out.status("")
  }
}
